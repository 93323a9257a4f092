/** The head of an HTTP/1.1 answer, read strictly, and how the body behind it is delimited. */
import { beginsFieldLines, readFieldLines } from "./field-lines.ts";
import { type Headers, valuesOf } from "./http-headers.ts";
import type { Framing } from "./ordinary-request.ts";

export interface AnswerHead {
  readonly kind: "answer";
  readonly status: number;
  readonly reason: string;
  readonly headers: Headers;
  /** The bytes of the head, with its empty line. */
  readonly length: number;
  readonly body: Framing | { readonly kind: "close" };
  /** For how many milliseconds the connection can be used again once the body is over; 0: not at all. */
  readonly reusable: number;
}

export type AnswerRead =
  | AnswerHead
  | { readonly kind: "more" }
  | { readonly kind: "broken"; readonly reason: string };

/** As large as the head of an answer may be. */
const mostBytes = 64 * 1024;

/** RFC 9112 §4. A status below 100 is none, and "HTTP/1." and one digit is all the version there can be. */
const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?\r\n/;

/** Reads the first head in `bytes`, be it an interim one; `isHead`: the request was a HEAD. */
export function readAnswerHead(bytes: Buffer, isHead: boolean): AnswerRead {
  const end = bytes.indexOf("\r\n\r\n");
  if (end > mostBytes || (end === -1 && bytes.length > mostBytes)) return broken("its head has no end");
  if (end === -1) return readBeginning(bytes);
  const text = bytes.toString("latin1", 0, end + 2);
  const [line, minor, digits, reason = ""] = statusLine.exec(text) ?? [];
  if (line === undefined) return broken("it has no status line");
  const headers = readFieldLines(text.slice(line.length));
  if (!headers) return broken("its header is malformed");
  const status = Number(digits);
  const body = framingOf(status, headers, isHead);
  if (!body) return broken("its length is not clear");
  const reusable = body.kind === "close" ? 0 : keptFor(headers, minor === "1");
  return { kind: "answer", status, reason, headers, length: end + 4, body, reusable };
}

const beginning = Buffer.from("HTTP/1.", "latin1");
const lineFeed = 0x0a;

/** What can become no head is not waited for: another protocol, or lines that do not end in CR LF (RFC 9112 §2.2). */
function readBeginning(bytes: Buffer): AnswerRead {
  const length = Math.min(bytes.length, beginning.length);
  if (bytes.compare(beginning, 0, length, 0, length) !== 0)
    return broken("it does not begin with a status line");
  if (!bytes.includes(lineFeed)) return { kind: "more" };
  const text = bytes.toString("latin1");
  const [line] = statusLine.exec(text) ?? [];
  if (line === undefined) return broken("it has no status line");
  return beginsFieldLines(text.slice(line.length)) ? { kind: "more" } : broken("its header is malformed");
}

/** RFC 9112 §6.3, but what could be read in two ways is refused. */
function framingOf(status: number, headers: Headers, isHead: boolean): AnswerHead["body"] | undefined {
  const codings = valuesOf(headers, "transfer-encoding");
  const lengths = valuesOf(headers, "content-length");
  if (codings.length + lengths.length > 1) return undefined;
  const [coding] = codings;
  const [length] = lengths;
  if (coding !== undefined && coding.toLowerCase() !== "chunked") return undefined;
  if (length !== undefined && !/^\d{1,15}$/.test(length)) return undefined;
  if (isHead || status < 200 || status === 204 || status === 304) return { kind: "none" };
  if (coding !== undefined) return { kind: "chunked" };
  if (length === undefined) return { kind: "close" };
  return Number(length) === 0 ? { kind: "none" } : { kind: "length", bytes: Number(length) };
}

/** RFC 9112 §9.3; a service that says how long it waits for another request is asked no more a second before. */
function keptFor(headers: Headers, isCurrent: boolean): number {
  const said = valuesOf(headers, "connection").join().toLowerCase();
  if (/\bclose\b/.test(said) || (!isCurrent && !/\bkeep-alive\b/.test(said))) return 0;
  const [, seconds] = /^timeout=(\d{1,9})/.exec(valuesOf(headers, "keep-alive")[0] ?? "") ?? [];
  return seconds === undefined ? Number.POSITIVE_INFINITY : Math.max(0, Number(seconds) - 1) * 1000;
}

function broken(reason: string): AnswerRead {
  return { kind: "broken", reason };
}
