/** The pauses between tries at one thing: each is longer than the one before, up to a limit. */
import { setTimeout as wait } from "node:timers/promises";

/** In milliseconds. */
const shortest = 2;
const longest = 100;

export class Backoff {
  #next = shortest;

  /** Some chance is in it, so that several processes that began together do not go on together. */
  async pause(): Promise<void> {
    const milliseconds = this.#next * (1 + Math.random());
    this.#next = Math.min(2 * this.#next, longest);
    await wait(milliseconds);
  }
}
