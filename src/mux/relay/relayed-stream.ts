/** One ordinary request of HTTP/2, and its answer. */
import { constants, type ServerHttp2Stream } from "node:http2";
import type { Writable } from "node:stream";
import type { AnswerHead } from "../../core/answer-head.ts";
import { chunk, formatEnd } from "../../core/chunks.ts";
import { type Headers, responseHeaders, trailerFields, valuesOf } from "../../core/http-headers.ts";
import type { RequestHead } from "../../core/http-request.ts";
import type { Client } from "../client.ts";
import type { Connections } from "../http/connections.ts";
import type { ResponseOptions } from "../http/exchange.ts";
import { afterLongTurn } from "../http/long-turn.ts";
import { breakOff, flatten, gather, stopBody } from "../http/stream-head.ts";
import type { Part } from "./relayed-answer.ts";
import { type Forwarded, type Relayed, type ServiceContext, ServiceSide } from "./service-side.ts";

interface StreamContext extends ServiceContext {
  readonly connections: Connections;
}

export class RelayedStream implements Relayed {
  readonly client: Client;
  readonly head: RequestHead;
  readonly body: ServerHttp2Stream | undefined;
  readonly upgrade = undefined;
  /** The request has come in whole. */
  received: boolean;
  readonly takesBare = true;
  readonly whenHeard = afterLongTurn;
  readonly #stream: ServerHttp2Stream;
  readonly #connections: Connections;
  readonly #service: ServiceSide;
  /** What its head says of its body's length. */
  readonly #length: string | undefined;
  #taken = 0;
  #flows = false;
  /** Nobody wants what is left of the body. */
  #stops = false;
  #requestTrailers: Headers = [];
  #trailers: Headers = [];
  #answered = false;
  #left = false;
  #hasStalled = false;
  #onAborted: () => void = () => undefined;

  constructor(
    client: Client,
    stream: ServerHttp2Stream,
    head: RequestHead,
    decision: Forwarded,
    context: StreamContext,
  ) {
    this.client = client;
    this.head = head;
    this.body = stream.endAfterHeaders ? undefined : stream;
    this.received = this.body === undefined;
    this.#length = valuesOf(head.headers, "content-length")[0];
    this.#stream = stream;
    this.#connections = context.connections;
    this.#service = new ServiceSide(this, decision, context);
  }

  start(): void {
    this.#connections.begun(this);
    // These last as long as the stream does: `once` would keep a wrapper for each.
    this.#stream.on("error", ignore);
    this.#stream.on("close", () => {
      this.leave();
      this.#connections.over(this);
    });
    this.#service.start();
  }

  get gone(): boolean {
    return this.#left || this.#answered || this.#stream.destroyed || this.#stream.closed;
  }

  get begun(): boolean {
    return this.#stream.headersSent;
  }

  flow(): void {
    const stream = this.body;
    if (!stream) return;
    if (this.#flows) return void stream.resume();
    this.#flows = true;
    stream.on("trailers", (trailers) => {
      this.#requestTrailers = trailerFields(flatten(trailers));
    });
    stream.on("data", (bytes: Buffer) => {
      this.#taken += bytes.length;
      this.#service.pass(this.#length === undefined ? chunk(bytes) : [bytes]);
    });
    stream.on("end", () => this.#onEnd());
  }

  #onEnd(): void {
    if (!this.#isWhole()) return this.leave();
    this.received = true;
    if (this.#length === undefined) this.#service.pass([formatEnd(this.#requestTrailers)]);
    this.settle();
  }

  /** Node ends both sides of a stream that was reset, as if each were whole. */
  #isWhole(): boolean {
    if (this.#length !== undefined) return this.#taken === Number(this.#length);
    const { closed, rstCode } = this.#stream;
    return !closed || (this.#answered && !this.#stops && rstCode === constants.NGHTTP2_NO_ERROR);
  }

  stall(): void {
    this.#stream.pause();
  }

  inform(status: number, headers: Headers): void {
    this.#stream.additionalHeaders({ ":status": status, ...gather(headers) });
  }

  begin({ status, headers, body, reusable }: AnswerHead, part: Part): boolean {
    const stream = this.#stream;
    if (status >= 400 && !this.received) {
      this.#stops = true;
      // RFC 9112 §9.5: whoever is told that nobody listens any more stops talking.
      if (reusable === 0) this.#service.discard();
    }
    const said = responseHeaders(status, headers);
    const waitForTrailers = body.kind === "chunked" && valuesOf(said, "trailer").length > 0;
    if (waitForTrailers) stream.on("wantTrailers", () => stream.sendTrailers(gather(this.#trailers)));
    stream.respond(
      { ":status": status, ...gather(said) },
      { endStream: body.kind === "none", waitForTrailers },
    );
    return this.write(part);
  }

  write(part: Part): boolean {
    const stream = this.#stream;
    // Where its status allows no body, Node has ended the stream with the head.
    if (stream.writableEnded) return true;
    const bytes = joined(part.pieces);
    if (part.kind === "end") {
      this.#trailers = part.trailers;
      // One frame says the last bytes and the end.
      if (bytes) stream.end(bytes);
      else stream.end();
      return true;
    }
    if (!bytes || stream.write(bytes)) return true;
    if (!this.#hasStalled) stream.on("drain", () => this.#service.resume());
    this.#hasStalled = true;
    return false;
  }

  respond(
    status: number,
    _message: string,
    headers: Headers,
    { bodiless, close }: ResponseOptions,
  ): Writable {
    this.#stops = close && !this.received;
    this.#stream.respond({ ":status": status, ...gather(headers) }, { endStream: bodiless });
    return this.#stream;
  }

  finish(): void {
    this.#answered = true;
    if (this.#stops && !this.received) stopBody(this.#stream);
    if (!this.#stream.writableEnded) this.#stream.end();
    this.settle();
  }

  /** Once both are whole and passed on, the service's connection goes on without this exchange. */
  settle(): void {
    if (this.#answered && this.received && !this.#left && this.#service.isFlushed) this.#service.release();
  }

  abort(): void {
    breakOff(this.#stream);
  }

  onAborted(callback: () => void): void {
    this.#onAborted = callback;
  }

  leave(): void {
    // The last bytes of a request still go out when both it and its answer are whole: it settles then.
    if (this.#left || (this.#answered && this.received)) return;
    this.#left = true;
    this.#service.leave();
    if (!this.#answered) this.#onAborted();
  }
}

/** Copying costs less than a frame for each piece. */
function joined(pieces: readonly Buffer[]): Buffer | undefined {
  return pieces.length > 1 ? Buffer.concat(pieces) : pieces[0];
}

function ignore(): void {}
