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
  /** The request has come in whole; one that its client gave up ends as well, but never gets so far. */
  readonly received: boolean;
  /** The head of the answer is out: only its body can follow. */
  readonly begun: boolean;

  /** The trailer section; whole once `body` has ended. */
  requestTrailers(): Headers;
  /** An informational response: any 1xx but 101. */
  inform(status: number, headers: Headers): void;
  /** Begins the answer and returns where its body goes. Throws for what this version of HTTP cannot say. */
  respond(status: number, message: string, headers: Headers, options: ResponseOptions): Writable;
  /** Sends the head now, though no byte of the body is there yet. */
  flushHead(): void;
  /** Before `finish`, and only when announced to `respond`. */
  responseTrailers(headers: Headers): void;
  /** The answer is whole. */
  finish(): void;
  /** Breaks the answer off so that the client sees that it is not whole. */
  abort(): void;
  /** `callback` hears if the client goes away before request and answer are whole; a later one takes its place. */
  onAborted(callback: () => void): void;
  /** Tells that the connection is gone: Node says so only to the answer whose turn it is. */
  leave(): void;
}

/** As much of an exchange as it takes to find its service and to refuse it. */
export type Answerable = Pick<
  Exchange,
  "client" | "head" | "body" | "upgrade" | "gone" | "begun" | "respond" | "finish" | "abort" | "onAborted"
>;

export interface ResponseOptions {
  /** The answer is its head alone. */
  readonly bodiless: boolean;
  /** `responseTrailers` may follow; never where there is no body. */
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
  /** Tells the client that it is so, and gives its side of the stream; `onReset` hears of a reset that looks like an end. */
  accept(headers: Headers, onReset: () => void): End;
}
