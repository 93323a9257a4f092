/** Finds out whether services are up, without a storm: only while someone looks, or when a connection could use one. */
import { formatTarget, type Route, type Target } from "../core/route.ts";

/** Every target is asked about this often while someone looks; a fifth more or less, so that they do not all at once. */
const watchMilliseconds = 5000;
const jitter = 0.2;
/** A target that connections pass over is asked about again after this. */
const passedOverMilliseconds = 1000;
const mostAtOnce = 8;

export interface Checked {
  readonly target: Target;
  readonly route: Route;
}

export class Health {
  readonly #probe: (checked: Checked) => Promise<void>;
  readonly #lastAsked = new Map<string, number>();
  readonly #waiting: Checked[] = [];
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #asking = 0;
  #watched: readonly Route[] | undefined;

  /** `probe` asks one target and notes what it finds; it never rejects. */
  constructor(probe: (checked: Checked) => Promise<void>) {
    this.#probe = probe;
  }

  /** Asks about every target of these routes now, and again every few seconds; `undefined` ends it. */
  watch(routes: readonly Route[] | undefined): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#waiting.length = 0;
    this.#watched = routes;
    this.askNow(routes ?? []);
  }

  /** Asks about every target of these routes once. */
  askNow(routes: readonly Route[]): void {
    for (const route of routes) for (const target of route.targets) this.#ask({ target, route });
  }

  /** A connection went elsewhere because this target was down when last seen. */
  passedOver(checked: Checked): void {
    const asked = this.#lastAsked.get(formatTarget(checked.target)) ?? Number.NEGATIVE_INFINITY;
    if (performance.now() - asked >= passedOverMilliseconds) this.#ask(checked);
  }

  #ask(checked: Checked): void {
    this.#lastAsked.set(formatTarget(checked.target), performance.now());
    this.#waiting.push(checked);
    this.#next();
  }

  #next(): void {
    if (this.#asking >= mostAtOnce) return;
    const checked = this.#waiting.shift();
    if (!checked) return;
    this.#asking++;
    void this.#probe(checked).then(() => {
      this.#asking--;
      if (this.#watched?.includes(checked.route)) this.#askLater(checked);
      this.#next();
    });
  }

  #askLater(checked: Checked): void {
    const key = formatTarget(checked.target);
    clearTimeout(this.#timers.get(key));
    const delay = watchMilliseconds * (1 + jitter * (2 * Math.random() - 1));
    this.#timers.set(
      key,
      setTimeout(() => this.#ask(checked), delay),
    );
  }
}
