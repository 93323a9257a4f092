/** Problems that are looked for again and again: each is told once for as long as it lasts. */
import type { Problem } from "./errors.ts";

export class LastingProblems {
  #known: readonly string[] = [];

  /** Those of now that were not there the time before. */
  fresh(now: readonly Problem[]): readonly Problem[] {
    const before = this.#known;
    this.#known = now.map(({ message }) => message);
    return now.filter(({ message }) => !before.includes(message));
  }
}
