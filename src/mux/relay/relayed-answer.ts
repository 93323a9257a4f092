/** An answer on its way from a service to the client: its head is said anew, its body goes on as it is. */
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { type AnswerHead, readAnswerHead } from "../../core/answer-head.ts";
import { type BodyFollower, followBody } from "../../core/body.ts";
import { formatHead, responseHeaders, without } from "../../core/http-headers.ts";
import { formatAnswer } from "./answer-text.ts";
import { writeAll } from "./upload.ts";

/** How far the answer is: nothing of it is out, its head is, or all of it; or it cannot be understood. */
export type Progress =
  | { readonly kind: "awaited" | "begun" | "over" }
  | { readonly kind: "broken"; readonly reason: string };

const awaited: Progress = { kind: "awaited" };
const begun: Progress = { kind: "begun" };
const over: Progress = { kind: "over" };

/** Beneath this, one write of copied bytes costs less than two. */
const worthCopying = 16 * 1024;
const lastChunk = Buffer.from("0\r\n\r\n", "latin1");

export class RelayedAnswer {
  head: AnswerHead | undefined;
  /** The service said more than its answer. */
  hasExcess = false;
  /** More was written than the client takes just now. */
  isStalled = false;
  readonly #to: Socket;
  readonly #isHead: boolean;
  readonly #isLast: (head: AnswerHead) => boolean;
  #early: Buffer | undefined;
  #body: BodyFollower | undefined;

  /** `isLast` is asked once, whether the client's connection can carry no other answer behind one with this head. */
  constructor(to: Socket, isHead: boolean, isLast: (head: AnswerHead) => boolean) {
    this.#to = to;
    this.#isHead = isHead;
    this.#isLast = isLast;
  }

  hear(bytes: Buffer): Progress {
    if (this.head) return this.#continue("", bytes);
    let unread = this.#early ? Buffer.concat([this.#early, bytes]) : bytes;
    for (;;) {
      const head = readAnswerHead(unread, this.#isHead);
      if (head.kind === "broken") return head;
      if (head.kind === "more") {
        this.#early = unread;
        return awaited;
      }
      unread = unread.subarray(head.length);
      // RFC 9110 §15.2.2: nobody has asked for another protocol.
      if (head.status === 101) return { kind: "broken", reason: "it switches protocols unasked" };
      if (head.status >= 200) return this.#begin(head, unread);
      this.#inform(head);
    }
  }

  /** The service has ended: that is the end of an answer that nothing else delimits. */
  end(): Progress {
    if (this.head?.body.kind !== "close") return { kind: "broken", reason: "it is not whole" };
    this.#to.write(lastChunk);
    return over;
  }

  #inform({ status, headers }: AnswerHead): void {
    const words = status === 100 ? [] : responseHeaders(headers);
    this.#to.write(formatHead(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`, words), "latin1");
  }

  #begin(head: AnswerHead, rest: Buffer): Progress {
    this.head = head;
    this.#early = undefined;
    const { status, reason, body } = head;
    const isChunked = body.kind === "chunked" || body.kind === "close";
    const kept = responseHeaders(head.headers);
    // RFC 9112 §7.1.2: trailers belong to chunks.
    const headers = isChunked ? kept : without(kept, "trailer");
    const text = formatAnswer({ status, reason, headers, last: this.#isLast(head), isChunked });
    if (body.kind !== "close") this.#body = followBody(body);
    return this.#continue(text, rest);
  }

  /** Writes `text` and what `bytes` hold of the body. */
  #continue(text: string, bytes: Buffer): Progress {
    if (this.head?.body.kind === "close") {
      this.#write(text, bytes.length > 0 ? chunk(bytes) : []);
      return begun;
    }
    if (!this.#body) {
      this.hasExcess ||= bytes.length > 0;
      if (text !== "") this.#write(text, []);
      return over;
    }
    if (bytes.length === 0) {
      this.#write(text, []);
      return begun;
    }
    const followed = this.#body.follow(bytes);
    if (followed.kind === "broken") return followed;
    this.#write(text, followed.pieces);
    if (followed.kind === "more") return begun;
    this.#body = undefined;
    this.hasExcess = followed.used < bytes.length;
    return over;
  }

  #write(text: string, pieces: readonly Buffer[]): void {
    if (!this.#send(text, pieces)) this.isStalled = true;
  }

  #send(text: string, pieces: readonly Buffer[]): boolean {
    if (text === "") return writeAll(this.#to, pieces);
    if (pieces.length === 0) return this.#to.write(text, "latin1");
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const head = Buffer.from(text, "latin1");
    const all = [head, ...pieces];
    return length < worthCopying ? this.#to.write(Buffer.concat(all)) : writeAll(this.#to, all);
  }
}

/** RFC 9112 §7.1. */
function chunk(bytes: Buffer): Buffer[] {
  return [Buffer.from(`${bytes.length.toString(16)}\r\n`, "latin1"), bytes, lineEnd];
}

const lineEnd = Buffer.from("\r\n", "latin1");
