/** One HTTP request and the way to answer it, whatever version of HTTP it came in. */
import type { Readable, Writable } from "node:stream";
import type { Headers } from "../../core/http-headers.ts";
import type { RequestHead } from "../../core/http-request.ts";
import type { Client } from "../client.ts";
import type { End } from "../splice.ts";

export interface Exchange {
  readonly client: Client;
  readonly head: RequestHead;
  /** Absent when the request has no body. */
  readonly body: Readable | undefined;
  /** What the client wants to speak in place of HTTP ("websocket"), if it asked for that. */
  readonly upgrade: Upgrade | undefined;

  /** The client went away, or the answer is whole: nothing can be said any more. */
  readonly gone: boolean;

  /** The trailer section; whole once `body` has ended. */
  requestTrailers(): Headers;
  /** An informational response: 100 or 103. */
  inform(status: number, headers: Headers): void;
  /** Begins the answer and returns where its body goes; `end` it to finish. */
  respond(status: number, message: string, headers: Headers, options: ResponseOptions): Writable;
  /** Sends the head now, though no byte of the body is there yet. */
  flushHead(): void;
  /** Before the body's end, and only when announced to `respond`. */
  responseTrailers(headers: Headers): void;
  /** Breaks the answer off so that the client sees that it is not whole. */
  abort(): void;
  /** Calls back if the client goes away before the answer is whole. */
  onAborted(callback: () => void): void;
}

export interface ResponseOptions {
  /** The answer is its head alone. */
  readonly bodiless: boolean;
  /** `responseTrailers` may follow. */
  readonly trailers: boolean;
  /** The connection cannot be used again: a part of the request was not read. */
  readonly close: boolean;
}

export interface Upgrade {
  readonly protocol: string;
  /** Added to the request that asks the service for the same. */
  readonly headers: Headers;
  /** Whether the service's answer fits the request. */
  verify(headers: Headers): boolean;
  /** Tells the client that it is so, and gives its side of the stream. */
  accept(headers: Headers): End;
}
