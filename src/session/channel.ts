/** One end of a control channel: messages as lines of JSON, each checked, over a socket that this end owns. */
import type net from "node:net";
import { fail, ok, type Problem, type Result } from "../core/errors.ts";

/** A hundred thousand routes stay far below. */
const longestLine = 64 * 1024 * 1024;
/** What the other end has not read beyond this is a reason to tell it less. */
const busyBytes = 256 * 1024;
/** Beyond this it is not going to read it any more. All that one is told as it comes, in three long lines, stays below. */
const mostWaitingBytes = 256 * 1024 * 1024;

const mostEndMilliseconds = 500;

export interface ChannelHandlers<In> {
  /** Throws for what is not a message. */
  readonly parse: (message: unknown) => In;
  readonly onMessage: (message: In) => void;
  /** Called once; with a problem when it is this end that broke it off. */
  readonly onClose: (problem: Problem | undefined) => void;
}

export class Channel<In, Out> {
  readonly #socket: net.Socket;
  readonly #handlers: ChannelHandlers<In>;
  #rest = "";
  #problem: Problem | undefined;

  constructor(socket: net.Socket, handlers: ChannelHandlers<In>) {
    this.#socket = socket;
    this.#handlers = handlers;
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => this.#read(text));
    socket.on("error", () => {
      // The close that follows says it all: the other process is gone.
    });
    socket.once("close", () => handlers.onClose(this.#problem));
  }

  /** Whether what was said before has been taken. */
  get isBusy(): boolean {
    return this.#socket.writableLength > busyBytes;
  }

  send(message: Out): void {
    this.sendLine(lineOf(message));
  }

  /**
   * A message that `lineOf` made, for several channels at once. It goes out once what waits to be read has been: where the other
   * end has gone, writing fails, and takes all that with it, a farewell too.
   */
  sendLine(line: string): void {
    if (this.#socket.writableEnded || this.#socket.destroyed) return;
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork();
      setImmediate(() => this.#socket.uncork());
    }
    this.#socket.write(line);
    if (this.#socket.writableLength > mostWaitingBytes) this.#breakOff(unread);
  }

  /** After what was sent; a peer that does not take it cannot keep the channel open. */
  end(): void {
    const timer = setTimeout(() => this.#socket.destroy(), mostEndMilliseconds);
    this.#socket.once("close", () => clearTimeout(timer));
    this.#socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #read(text: string): void {
    const [first = "", ...others] = text.split("\n");
    this.#rest += first;
    for (const next of others) {
      this.#take(this.#rest);
      this.#rest = next;
    }
    if (this.#rest.length > longestLine) this.#breakOff(overlong);
  }

  #take(line: string): void {
    if (this.#socket.destroyed) return;
    const message = this.#parse(line);
    if (message.ok) this.#handlers.onMessage(message.value);
    else this.#breakOff(misunderstood);
  }

  #parse(line: string): Result<In, undefined> {
    try {
      return ok(this.#handlers.parse(JSON.parse(line)));
    } catch {
      return fail(undefined);
    }
  }

  #breakOff(problem: Problem): void {
    this.#problem ??= problem;
    this.#socket.destroy();
  }
}

export function lineOf(message: unknown): string {
  return `${JSON.stringify(message)}\n`;
}

const misunderstood: Problem = {
  code: "channel-misunderstood",
  message: "Another window of Oneport said something that is not understood here.",
  remedy: "If it happens again, make sure that all windows run the same version of Oneport.",
};

/** Only routes make a message that long. */
export const overlong: Problem = {
  code: "channel-overlong",
  message: "The windows of Oneport have more routes together than they can tell each other.",
  remedy: 'Have fewer: one with a wildcard, such as "*.shop.test", stands for many.',
};

const unread: Problem = {
  code: "channel-unread",
  message: "Another window of Oneport takes no messages any more.",
  remedy: "Reload that window.",
};
