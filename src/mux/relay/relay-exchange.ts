/** One ordinary request and its answer: how far both are, and when the connection goes on to the next. */
import type { Readable, Writable } from "node:stream";
import type { AnswerHead } from "../../core/answer-head.ts";
import { type BodyFollower, followBody } from "../../core/body.ts";
import type { Headers } from "../../core/http-headers.ts";
import type { RequestHead } from "../../core/http-request.ts";
import type { OrdinaryRequest } from "../../core/ordinary-request.ts";
import type { Client } from "../client.ts";
import { Linger } from "../hang-up.ts";
import type { ResponseOptions } from "../http/exchange.ts";
import { AnswerWriter, formatAnswer } from "./answer-text.ts";
import type { ClientSide } from "./client-side.ts";
import type { Part } from "./relayed-answer.ts";
import { type Forwarded, type Relayed, ServiceSide } from "./service-side.ts";

export class RelayExchange implements Relayed {
  readonly client: Client;
  readonly head: RequestHead;
  readonly body: Readable | undefined;
  readonly upgrade = undefined;
  readonly takesBare = false;
  readonly whenHeard = setImmediate;
  begun = false;
  /** No further request on this connection is served (RFC 9112 §9.6). */
  last: boolean;
  readonly #side: ClientSide;
  readonly #service: ServiceSide;
  readonly #writer: AnswerWriter;
  /** What is left of the request's body. */
  #rest: BodyFollower | undefined;
  #answered = false;
  #left = false;
  #onAborted: () => void = () => undefined;
  #linger: Linger | undefined;

  constructor(side: ClientSide, request: OrdinaryRequest, decision: Forwarded) {
    this.client = side.client;
    this.head = request.head;
    this.body = request.body.kind === "none" ? undefined : side.stream;
    this.last = request.last || side.context.connections.draining;
    this.#side = side;
    this.#service = new ServiceSide(this, decision, side.context);
    this.#writer = new AnswerWriter(side.stream);
    this.#rest = followBody(request.body);
  }

  get gone(): boolean {
    return this.#left || this.#answered;
  }

  get received(): boolean {
    return this.#rest === undefined;
  }

  start(): void {
    this.#service.start();
  }

  /** What comes now is the request's body, and there is somewhere to put it. */
  get takesBody(): boolean {
    return !this.received && (this.#service.isReady || this.#answered);
  }

  /** Whoever sends the body has to wait. */
  get isStalled(): boolean {
    return this.#service.isStalled;
  }

  /** Passes on what belongs to the request's body; returns how many bytes that were. */
  take(bytes: Buffer): number {
    this.#linger?.heard();
    const followed = this.#rest?.follow(bytes);
    if (!followed) return 0;
    if (followed.kind === "broken") {
      this.#side.refuse(this, followed.reason);
      return bytes.length;
    }
    this.#service.pass(followed.pieces);
    if (followed.kind === "more") return bytes.length;
    this.#rest = undefined;
    return followed.used;
  }

  /** The client takes more of the answer. */
  resume(): void {
    this.#service.resume();
  }

  /** What waits of the request's body can go on. */
  flow(): void {
    this.#side.flow();
  }

  stall(): void {
    this.#side.stream.pause();
  }

  inform(status: number, headers: Headers): void {
    this.#writer.inform(status, headers);
  }

  begin(head: AnswerHead, part: Part): boolean {
    this.begun = true;
    if (head.status >= 400) {
      // RFC 9112 §9.5: whoever is told that nobody listens any more stops talking.
      if (head.reusable === 0) this.#service.discard();
      // A body that nobody wants any more would be taken for the next request.
      if (!this.received) this.last = true;
    }
    return this.#writer.begin(head, part, this.last);
  }

  write(part: Part): boolean {
    return this.#writer.write(part);
  }

  respond(status: number, reason: string, headers: Headers, { close }: ResponseOptions): Writable {
    const { stream } = this.#side;
    this.begun = true;
    this.last ||= close;
    stream.write(formatAnswer({ status, reason, headers, last: this.last, isChunked: false }), "latin1");
    return stream;
  }

  finish(): void {
    this.#answered = true;
    // Closing with bytes unread makes a reset of the end, which can overtake the answer.
    if (this.last && !this.received) this.#linger = new Linger(() => this.#stopReading());
    this.#side.flow();
    this.settle();
  }

  #stopReading(): void {
    this.#rest = undefined;
    this.#service.discard();
    this.settle();
  }

  /** Once the request is whole and passed on, and so is its answer, both connections go on without this exchange. */
  settle(): void {
    if (!this.#answered || !this.received || this.#left || !this.#service.isFlushed) return;
    this.#left = true;
    this.#linger?.end();
    this.#service.release();
    this.#side.over(this);
  }

  abort(): void {
    this.client.passResetOn();
  }

  onAborted(callback: () => void): void {
    this.#onAborted = callback;
  }

  leave(): void {
    // The last bytes of a request still go out when both it and its answer are whole: it settles then.
    if (this.#left || (this.#answered && this.received)) return;
    this.#left = true;
    this.#linger?.end();
    this.#service.leave();
    this.#onAborted();
  }
}
