/** Gathers decrypted records, which come 16 KB at a time and several a turn: what came in one turn leaves in one write. */
import type { Readable, Writable } from "node:stream";
import { freeChunk } from "./free-chunk.ts";
import { largeSize, putLarge, takeLarge } from "./large-buffers.ts";

/** RFC 8446 §5.1: what is longer comes in several records of this size. */
export const fullRecord = 16 * 1024;

export class Batch {
  readonly #from: Readable;
  readonly #to: Writable;
  #bytes: Buffer | undefined;
  #length = 0;

  /** `to` must be done with all it was given when its `writableLength` is 0, as a plain socket is. */
  constructor(from: Readable, to: Writable) {
    this.#from = from;
    this.#to = to;
    // Before anybody who passes the end on.
    from.prependListener("end", this.#flush);
  }

  /** Something waits that is to go out before anything else. */
  get isOpen(): boolean {
    return this.#length > 0;
  }

  /** Takes a chunk over, which nobody else may hold a part of. */
  add(chunk: Buffer): void {
    if (this.#length + chunk.length > largeSize) this.#flush();
    if (chunk.length > largeSize) return this.#write(chunk);
    if (!this.#bytes) {
      this.#bytes = takeLarge();
      setImmediate(this.#flush);
    }
    chunk.copy(this.#bytes, this.#length);
    this.#length += chunk.length;
    // The next record is then decrypted into the same memory, which is still in the processor's cache.
    freeChunk(chunk);
  }

  readonly #flush = (): void => {
    const bytes = this.#bytes;
    if (!bytes) return;
    this.#write(bytes.subarray(0, this.#length));
    this.#bytes = undefined;
    this.#length = 0;
    if (this.#to.writableLength === 0) putLarge(bytes);
  };

  #write(bytes: Buffer): void {
    if (!this.#to.destroyed && !this.#to.write(bytes) && this.#to.writableLength > 0) this.#from.pause();
  }
}
