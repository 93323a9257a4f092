/** Passes the body of a request on to a service as it comes. */
import type { Socket } from "node:net";
import { writeAll } from "../write-all.ts";

/** In bytes. What waits longer falls out of the processor's cache before it is written. */
const mostHeld = 128 * 1024;

/**
 * Writes when what the service says has been read: one that refuses the body and hangs up makes writing fail, and its answer
 * would go with the connection.
 */
export class Upload {
  /** The service is not told of what is left. */
  isUnwanted = false;
  /** Nothing more is to come just now: as much is held as goes out at once, or more was written than the service takes. */
  isStalled = false;
  readonly #to: Socket;
  readonly #whenHeard: (callback: () => void) => void;
  readonly #onFlushed: () => void;
  #held: Buffer[] = [];
  #length = 0;

  /** `whenHeard` calls back when what the service has said up to now has been read. */
  constructor(to: Socket, whenHeard: (callback: () => void) => void, onFlushed: () => void) {
    this.#to = to;
    this.#whenHeard = whenHeard;
    this.#onFlushed = onFlushed;
  }

  /** Nothing waits to be written. */
  get isFlushed(): boolean {
    return this.#held.length === 0;
  }

  /** The request's head, and what is there of its body already. */
  begin(head: string): void {
    this.isStalled = !writeAll(this.#to, [Buffer.from(head, "latin1"), ...this.#take()]);
  }

  write(pieces: readonly Buffer[]): void {
    if (this.isUnwanted || pieces.length === 0) return;
    if (this.#held.length === 0) this.#whenHeard(() => this.#flush());
    for (const piece of pieces) {
      this.#held.push(piece);
      this.#length += piece.length;
    }
    if (this.#length >= mostHeld) this.isStalled = true;
  }

  discard(): void {
    this.isUnwanted = true;
    this.isStalled = false;
    this.#take();
  }

  #flush(): void {
    if (!this.isFlushed) this.isStalled = !writeAll(this.#to, this.#take());
    this.#onFlushed();
  }

  #take(): readonly Buffer[] {
    const pieces = this.#held;
    this.#held = [];
    this.#length = 0;
    return pieces;
  }
}
