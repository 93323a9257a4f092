/** What the worker tells, on its way out: each message wakes the thread that everybody shares, so reports go together, as one text. */
import type { MuxEvent } from "../core/events.ts";
import { News } from "../core/news.ts";

/** Nobody sees so short a delay, and under load many reports come within it. */
const delayMilliseconds = 50;

export class Outbox {
  /** Somebody reads the log: every connection is told of, and not only those that are news to everybody. */
  isLogged = true;
  readonly #news = new News();
  readonly #post: (message: string) => void;
  #waiting: MuxEvent[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** `post` gets an array of events in JSON: for these that costs half of what copying objects between threads does. */
  constructor(post: (message: string) => void) {
    this.#post = post;
  }

  /** A connection's report waits a moment for others; everything else goes at once, and after the reports before it. */
  add(event: MuxEvent): void {
    if (event.type === "connection" && !this.#news.learn(event.connection) && !this.isLogged) return;
    this.#waiting.push(event);
    if (event.type !== "connection") this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), delayMilliseconds);
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#post(JSON.stringify(this.#waiting.splice(0)));
  }
}
