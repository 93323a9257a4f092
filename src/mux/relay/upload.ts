/** Passes the body of a request on to a service as it comes. */
import type { Socket } from "node:net";
import { writeAll } from "./write-all.ts";

/**
 * Writes at the end of each turn of the event loop, when what the service says has been read: one that refuses the body
 * and hangs up makes writing fail, and its answer would go with the connection.
 */
export class Upload {
  /** The service is not told of what is left. */
  isUnwanted = false;
  /** More than it takes just now was written. */
  isStalled = false;
  readonly #to: Socket;
  readonly #onFlushed: () => void;
  #held: Buffer[] = [];

  constructor(to: Socket, onFlushed: () => void) {
    this.#to = to;
    this.#onFlushed = onFlushed;
  }

  /** Nothing waits to be written. */
  get isFlushed(): boolean {
    return this.#held.length === 0;
  }

  /** The request's head, and what is there of its body already. */
  begin(head: string): void {
    const pieces = [Buffer.from(head, "latin1"), ...this.#held];
    this.#held = [];
    this.isStalled = !writeAll(this.#to, pieces);
  }

  write(pieces: readonly Buffer[]): void {
    if (this.isUnwanted || pieces.length === 0) return;
    if (this.#held.length === 0) setImmediate(() => this.#flush());
    this.#held.push(...pieces);
  }

  discard(): void {
    this.isUnwanted = true;
    this.isStalled = false;
    this.#held = [];
  }

  #flush(): void {
    if (this.#held.length === 0) return;
    const pieces = this.#held;
    this.#held = [];
    const goesOn = writeAll(this.#to, pieces);
    if (!goesOn) this.isStalled = true;
    this.#onFlushed();
  }
}
