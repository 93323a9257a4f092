/** What the worker tells, on its way out: each message wakes the thread that everybody shares, so reports go together. */
import type { MuxEvent } from "../core/events.ts";

/** Nobody sees so short a delay, and under load many reports come within it. */
const delayMilliseconds = 20;

export class Outbox {
  readonly #post: (events: readonly MuxEvent[]) => void;
  #waiting: MuxEvent[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(post: (events: readonly MuxEvent[]) => void) {
    this.#post = post;
  }

  /** A connection's report waits a moment for others; everything else goes at once, and after the reports before it. */
  add(event: MuxEvent): void {
    this.#waiting.push(event);
    if (event.type !== "connection") this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), delayMilliseconds);
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#post(this.#waiting.splice(0));
  }
}
