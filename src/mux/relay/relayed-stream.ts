/** One ordinary request of HTTP/2, which is its head alone, and its answer. */
import type { ServerHttp2Stream } from "node:http2";
import type { Writable } from "node:stream";
import type { AnswerHead } from "../../core/answer-head.ts";
import { type Headers, responseHeaders, valuesOf } from "../../core/http-headers.ts";
import type { RequestHead } from "../../core/http-request.ts";
import type { Client } from "../client.ts";
import type { Connections } from "../http/connections.ts";
import type { ResponseOptions } from "../http/exchange.ts";
import { breakOff, gather } from "../http/stream-head.ts";
import type { Part } from "./relayed-answer.ts";
import { type Forwarded, type Relayed, type ServiceContext, ServiceSide } from "./service-side.ts";

interface StreamContext extends ServiceContext {
  readonly connections: Connections;
}

export class RelayedStream implements Relayed {
  readonly client: Client;
  readonly head: RequestHead;
  readonly body = undefined;
  readonly upgrade = undefined;
  readonly received = true;
  readonly takesBare = true;
  readonly #stream: ServerHttp2Stream;
  readonly #connections: Connections;
  readonly #service: ServiceSide;
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

  inform(status: number, headers: Headers): void {
    this.#stream.additionalHeaders({ ":status": status, ...gather(headers) });
  }

  begin({ status, headers, body }: AnswerHead, part: Part): boolean {
    const stream = this.#stream;
    const said = responseHeaders(headers);
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

  respond(status: number, _message: string, headers: Headers, { bodiless }: ResponseOptions): Writable {
    this.#stream.respond({ ":status": status, ...gather(headers) }, { endStream: bodiless });
    return this.#stream;
  }

  finish(): void {
    this.#answered = true;
    if (!this.#stream.writableEnded) this.#stream.end();
    this.#service.release();
  }

  abort(): void {
    breakOff(this.#stream);
  }

  onAborted(callback: () => void): void {
    this.#onAborted = callback;
  }

  leave(): void {
    if (this.#left) return;
    this.#left = true;
    if (this.#answered) return;
    this.#service.leave();
    this.#onAborted();
  }

  flow(): void {
    // There is no body of a request to pass on, to hold back or to wait for.
  }

  stall(): void {}

  settle(): void {}
}

/** Copying costs less than a frame for each piece. */
function joined(pieces: readonly Buffer[]): Buffer | undefined {
  return pieces.length > 1 ? Buffer.concat(pieces) : pieces[0];
}

function ignore(): void {}
