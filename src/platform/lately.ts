/** What was answered within the last second, so that handshakes in a row do not each look at everything again. */

const milliseconds = 1000;

export class Lately<T> {
  readonly #answers = new Map<string, T>();
  #since = Number.NEGATIVE_INFINITY;

  /** Times are milliseconds since 1970. What is older, or from the future, is forgotten. */
  get(question: string, now: number): T | undefined {
    if (Math.abs(now - this.#since) >= milliseconds) {
      this.#answers.clear();
      this.#since = now;
    }
    return this.#answers.get(question);
  }

  /** After a `get` that found nothing. */
  add(question: string, answer: T): void {
    this.#answers.set(question, answer);
  }
}
