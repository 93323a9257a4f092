/** An answer as it goes to an HTTP/1.1 client: its head is said anew, its body goes on as it is. */
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { AnswerHead } from "../../core/answer-head.ts";
import { chunk, formatEnd } from "../../core/chunks.ts";
import { formatHead, type Headers, pairs, responseHeaders, without } from "../../core/http-headers.ts";
import { idleMilliseconds } from "../http/server-h1.ts";
import { writeAll } from "../write-all.ts";
import type { Part } from "./relayed-answer.ts";

/** Writes one answer to a client's connection; each step tells whether that takes more just now. */
export class AnswerWriter {
  readonly #to: Socket;
  /** Only its end delimits what the service sends. */
  #putsInChunks = false;

  constructor(to: Socket) {
    this.#to = to;
  }

  inform(status: number, headers: Headers): void {
    const words = status === 100 ? [] : headers;
    this.#to.write(formatHead(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`, words), "latin1");
  }

  /** `last`: the connection carries no other answer behind this one. */
  begin({ status, reason, headers, body }: AnswerHead, part: Part, last: boolean): boolean {
    this.#putsInChunks = body.kind === "close";
    const isChunked = body.kind === "chunked" || this.#putsInChunks;
    const kept = responseHeaders(status, headers);
    // RFC 9112 §7.1.2: trailers belong to chunks.
    const said = isChunked ? kept : without(kept, "trailer");
    const text = formatAnswer({ status, reason, headers: said, last, isChunked });
    const pieces = this.#piecesOf(part);
    if (pieces.length === 0) return this.#to.write(text, "latin1");
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const all = [Buffer.from(text, "latin1"), ...pieces];
    return length < worthCopying ? this.#to.write(Buffer.concat(all)) : writeAll(this.#to, all);
  }

  write(part: Part): boolean {
    return writeAll(this.#to, this.#piecesOf(part));
  }

  #piecesOf({ kind, pieces }: Part): readonly Buffer[] {
    if (!this.#putsInChunks) return pieces;
    return kind === "end" ? [formatEnd()] : pieces.flatMap(chunk);
  }
}

/** Beneath this, one write of copied bytes costs less than two. */
const worthCopying = 16 * 1024;

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
