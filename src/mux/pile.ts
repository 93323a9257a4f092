/** Gathers full reads of a plain socket: two of them leave in one write, which wakes the service half as often. */
import type { Readable, Writable } from "node:stream";
import { writeAll } from "./write-all.ts";

/** Node reads no more at a time from a socket that was accepted: where there is so much, more may be waiting. */
export const fullRead = 64 * 1024;

export class Pile {
  readonly #from: Readable;
  readonly #to: Writable;
  #held: Buffer | undefined;

  constructor(from: Readable, to: Writable) {
    this.#from = from;
    this.#to = to;
    // Before anybody who passes the end on.
    from.prependListener("end", this.#flush);
  }

  /** Something waits that is to go out before anything else. */
  get isOpen(): boolean {
    return this.#held !== undefined;
  }

  /** Takes a chunk over, which nobody else may hold a part of. */
  add(chunk: Buffer): void {
    const held = this.#held;
    if (held) {
      this.#held = undefined;
      this.#write([held, chunk]);
    } else {
      this.#held = chunk;
      setImmediate(this.#flush);
    }
  }

  /** What came alone in its turn goes out at its end. */
  readonly #flush = (): void => {
    const held = this.#held;
    if (!held) return;
    this.#held = undefined;
    this.#write([held]);
  };

  #write(pieces: readonly Buffer[]): void {
    if (!this.#to.destroyed && !writeAll(this.#to, pieces)) this.#from.pause();
  }
}
