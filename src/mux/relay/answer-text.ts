/** The head of an answer as it goes to an HTTP/1.1 client. */
import { type Headers, pairs } from "../../core/http-headers.ts";
import { idleMilliseconds } from "../http/server-h1.ts";

export interface AnswerText {
  readonly status: number;
  readonly reason: string;
  readonly headers: Headers;
  /** No further request is answered on this connection. */
  readonly last: boolean;
  readonly isChunked: boolean;
}

const keepAlive = `Connection: keep-alive\r\nKeep-Alive: timeout=${idleMilliseconds / 1000}\r\n`;

/** Says what the service did not: when that was, and what becomes of the connection. */
export function formatAnswer({ status, reason, headers, last, isChunked }: AnswerText): string {
  let text = `HTTP/1.1 ${status} ${reason}\r\n`;
  let isDated = false;
  for (const [name, value] of pairs(headers)) {
    text += `${name}: ${value}\r\n`;
    isDated ||= name.length === 4 && name.toLowerCase() === "date";
  }
  // RFC 9110 §6.6.1: whoever passes an answer on without a date gives it one.
  if (!isDated) text += `Date: ${now()}\r\n`;
  text += last ? "Connection: close\r\n" : keepAlive;
  return isChunked ? `${text}Transfer-Encoding: chunked\r\n\r\n` : `${text}\r\n`;
}

let second = 0;
let date = "";

function now(): string {
  const current = Math.floor(Date.now() / 1000);
  if (current !== second) {
    second = current;
    date = new Date(current * 1000).toUTCString();
  }
  return date;
}
