/** An answer on its way from a service to whoever asked: it is read strictly, and said in the words of the client's version. */
import { type AnswerHead, readAnswerHead } from "../../core/answer-head.ts";
import { type BodyFollower, followBody } from "../../core/body.ts";
import type { Followed } from "../../core/chunks.ts";
import { type Headers, responseHeaders } from "../../core/http-headers.ts";

/** A part of the answer's body; behind one that is the end nothing follows. */
export type Part = Exclude<Followed, { kind: "broken" }>;

/** Where an answer goes. `begin` and `write` tell whether more can be taken just now. */
export interface AnswerSink {
  /** It takes the data of chunks alone; otherwise chunks go to it as they are. */
  readonly takesBare: boolean;
  inform(status: number, headers: Headers): void;
  /** Throws for what this version of HTTP cannot say; nothing has gone out then. */
  begin(head: AnswerHead, part: Part): boolean;
  write(part: Part): boolean;
}

/** How far the answer is: nothing of it is out, its head is, or all of it; or it cannot be understood. */
export type Progress =
  | { readonly kind: "awaited" | "begun" | "over" }
  | { readonly kind: "broken"; readonly reason: string };

const awaited: Progress = { kind: "awaited" };
const begun: Progress = { kind: "begun" };
const over: Progress = { kind: "over" };

export class RelayedAnswer {
  head: AnswerHead | undefined;
  /** The service said more than its answer. */
  hasExcess = false;
  /** More was written than the client takes just now. */
  isStalled = false;
  readonly #to: AnswerSink;
  readonly #isHead: boolean;
  #early: Buffer | undefined;
  #body: BodyFollower | undefined;

  constructor(to: AnswerSink, isHead: boolean) {
    this.#to = to;
    this.#isHead = isHead;
  }

  hear(bytes: Buffer): Progress {
    if (this.head) return this.#continue(bytes);
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
      this.#to.inform(head.status, responseHeaders(head.status, head.headers));
    }
  }

  /** The service has ended: that is the end of an answer that nothing else delimits. */
  end(): Progress {
    if (this.head?.body.kind !== "close") return { kind: "broken", reason: "it is not whole" };
    this.#to.write(nothingMore);
    return over;
  }

  #begin(head: AnswerHead, rest: Buffer): Progress {
    this.head = head;
    this.#early = undefined;
    const { body } = head;
    if (body.kind !== "close") this.#body = followBody(body, this.#to.takesBare);
    const followed = this.#follow(rest);
    if (followed.kind === "broken") return followed;
    if (!this.#to.begin(head, followed)) this.isStalled = true;
    return followed.kind === "end" ? over : begun;
  }

  #continue(bytes: Buffer): Progress {
    const followed = this.#follow(bytes);
    if (followed.kind === "broken") return followed;
    if (!this.#to.write(followed)) this.isStalled = true;
    return followed.kind === "end" ? over : begun;
  }

  /** What `bytes` hold of the body. */
  #follow(bytes: Buffer): Followed {
    const isDelimited = this.head?.body.kind !== "close";
    if (isDelimited && !this.#body) {
      this.hasExcess ||= bytes.length > 0;
      return nothingMore;
    }
    if (bytes.length === 0) return nothingYet;
    if (!this.#body) return { kind: "more", pieces: [bytes] };
    const followed = this.#body.follow(bytes);
    if (followed.kind === "end") {
      this.#body = undefined;
      this.hasExcess = followed.used < bytes.length;
    }
    return followed;
  }
}

const nothingYet: Part = { kind: "more", pieces: [] };
const nothingMore: Part = { kind: "end", pieces: [], used: 0, trailers: [] };
