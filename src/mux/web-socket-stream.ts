/** A WebSocket as a stream of bytes: binary frames both ways, back-pressure, and close codes for endings. */
import { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";

/** RFC 6455 §7.4.1. */
const closeCode = {
  normal: 1000,
  goingAway: 1001,
  unsupportedData: 1003,
  none: 1005,
  internalError: 1011,
} as const;

const properEndings: ReadonlySet<number> = new Set([closeCode.normal, closeCode.goingAway, closeCode.none]);

/** The most bytes that one message may hold: it is gathered whole before it goes on. */
export const maxPayload = 16 * 1024 * 1024;

/**
 * Takes an open WebSocket over. Its close with 1000, 1001 or no code is an end; any other, or a connection that broke off,
 * destroys the stream. `end` closes with 1000, `destroy` and `resetAndDestroy` with 1011. A WebSocket cannot be half closed:
 * what is written after the other side has closed goes nowhere.
 */
export class WebSocketStream extends Duplex {
  readonly #webSocket: WebSocket;
  #isClosed = false;
  #isClosing = false;
  #whenClosed: (() => void) | undefined;

  constructor(webSocket: WebSocket) {
    super({ allowHalfOpen: true });
    this.#webSocket = webSocket;
    webSocket.binaryType = "nodebuffer";
    webSocket.on("message", (data, isBinary) => this.#take(data, isBinary));
    webSocket.on("close", (code) => this.#onClose(code));
    // "close" follows, with 1006.
    webSocket.on("error", () => undefined);
  }

  /** Fulfilled when something has come, or when nothing more will. */
  heard(): Promise<void> {
    if (this.destroyed || this.readableEnded) return Promise.resolve();
    return new Promise((resolve) => {
      this.once("readable", resolve);
      this.once("close", resolve);
    });
  }

  resetAndDestroy(): void {
    this.destroy();
  }

  override _read(): void {
    this.#webSocket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    // Once either side has begun to close nothing more can be sent.
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return done();
    this.#webSocket.send(chunk, { binary: true }, (error) => done(this.#isClosed ? null : error));
  }

  override _final(done: () => void): void {
    if (this.#isClosed) return done();
    this.#isClosing = true;
    this.#whenClosed = done;
    this.#webSocket.close(closeCode.normal);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.#isClosed && !this.#isClosing) this.#webSocket.close(closeCode.internalError);
    // A paused WebSocket would not see the answer to its close.
    this.#webSocket.resume();
    done(error);
  }

  #take(data: RawData, isBinary: boolean): void {
    // Nobody would read it, and waiting for that the answer to the close would never be seen.
    if (this.destroyed) return;
    if (!isBinary || !Buffer.isBuffer(data)) {
      // Text would have to be valid UTF-8 on its way back, and bytes cannot promise that.
      this.#isClosing = true;
      this.#webSocket.close(closeCode.unsupportedData, "Send binary frames.");
      this.destroy();
    } else if (!this.push(data)) {
      this.#webSocket.pause();
    }
  }

  #onClose(code: number): void {
    this.#isClosed = true;
    this.#whenClosed?.();
    if (properEndings.has(code) || this.#isClosing) this.push(null);
    else this.destroy();
  }
}
