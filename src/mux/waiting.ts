/** Whether somebody still waits for a connection that is being made. */

/** Every connection has one: it does what an AbortController does, at a tenth of its cost. */
export class Waiting {
  isOver = false;
  readonly #listeners: (() => void)[] = [];

  /** Nobody waits any more. */
  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    for (const listener of this.#listeners.splice(0)) listener();
  }

  /** `listener` is called at the end: at once if that has come. */
  onEnd(listener: () => void): void {
    if (this.isOver) listener();
    else this.#listeners.push(listener);
  }

  offEnd(listener: () => void): void {
    const at = this.#listeners.indexOf(listener);
    if (at >= 0) this.#listeners.splice(at, 1);
  }

  /** Fulfilled after so long, or at the end. */
  async pause(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, milliseconds);
    this.onEnd(resolve);
    await promise;
    clearTimeout(timer);
    this.offEnd(resolve);
  }
}

/** Why a connection is given up at the end. */
export function nobodyWaits(): Error {
  return new Error("nobody waits for it any more");
}
