/** A short talk with a service that is being got to know: what was said, how long to listen, and a polite end. */
import type { Socket } from "node:net";
import tls from "node:tls";
import { fail, ok, type Result, systemCode } from "../core/errors.ts";

/** More than this is not listened to. */
const mostBytes = 64 * 1024;
/** On loopback both a connection and a TLS handshake are made well within this, or not at all. */
const openMilliseconds = 300;
/** A server that is cut off in the middle of its answer complains in its log: it may finish within this. */
const farewellMilliseconds = 80;

export class Talk implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #closed: Promise<void>;
  #heard = Buffer.alloc(0);
  #isOver = false;
  #onNews: (() => void) | undefined;

  private constructor(socket: Socket, closed: Promise<void>) {
    this.#socket = socket;
    this.#closed = closed;
    socket.on("data", this.#hearMore);
    const end = () => {
      this.#isOver = true;
      this.#onNews?.();
    };
    socket.once("end", end);
    void closed.then(end);
  }

  readonly #hearMore = (chunk: Buffer): void => {
    this.#heard = Buffer.concat([this.#heard, chunk]);
    this.#onNews?.();
  };

  /** Owns the socket from here on; begins with the event `ready`, and is cut off by the signal. Fails with the error's code. */
  static open(
    socket: Socket,
    ready: "connect" | "secureConnect",
    signal: AbortSignal,
  ): Promise<Result<Talk, string>> {
    return new Promise((resolve) => {
      const cutOff = () => socket.destroy();
      const timer = setTimeout(cutOff, openMilliseconds);
      const closed = new Promise<void>((close) => socket.once("close", close));
      let code = "";
      socket.on("error", (error) => {
        code = systemCode(error) ?? "";
      });
      void closed.then(() => {
        clearTimeout(timer);
        signal.removeEventListener("abort", cutOff);
        resolve(fail(code));
      });
      socket.once(ready, () => {
        clearTimeout(timer);
        resolve(ok(new Talk(socket, closed)));
      });
      signal.addEventListener("abort", cutOff);
    });
  }

  say(words: string | Uint8Array): void {
    if (!this.#isOver) this.#socket.write(words);
  }

  /** Everything heard so far, as soon as that is enough, the service has no more to say, or the time is over. */
  hear(milliseconds: number, isEnough: (heard: Buffer) => boolean): Promise<Buffer> {
    return new Promise((resolve) => {
      const settle = () => {
        clearTimeout(timer);
        this.#onNews = undefined;
        resolve(this.#heard);
      };
      const timer = setTimeout(settle, milliseconds);
      this.#onNews = () => {
        if (this.#isOver || this.#heard.length >= mostBytes || isEnough(this.#heard)) settle();
      };
      this.#onNews();
    });
  }

  /** Goes on to TLS as the service has just agreed to, and leaves when the handshake is done. */
  async shakeHands(milliseconds: number): Promise<void> {
    this.#socket.off("data", this.#hearMore).pause();
    const secured = tls.connect({ socket: this.#socket, rejectUnauthorized: false });
    secured.once("secureConnect", () => secured.end());
    // The close follows, and what was asked for is known already.
    secured.on("error", () => {});
    const timer = setTimeout(() => secured.destroy(), milliseconds);
    await new Promise<void>((resolve) => secured.once("close", () => resolve()));
    clearTimeout(timer);
    this.#socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.off("data", this.#hearMore);
    if (this.#heard.length > 0 && !this.#socket.destroyed) {
      this.#socket.resume();
      this.#socket.end();
      const timer = setTimeout(() => this.#socket.destroy(), farewellMilliseconds);
      await this.#closed;
      clearTimeout(timer);
    }
    this.#socket.destroy();
    await this.#closed;
  }
}
