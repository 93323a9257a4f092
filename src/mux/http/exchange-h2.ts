/** HTTP/2 exchanges on top of Node's core streams; WebSocket comes in as extended CONNECT (RFC 8441). */
import { createHash, randomBytes } from "node:crypto";
import http2 from "node:http2";
import type { Writable } from "node:stream";
import { type Headers, pairs, responseHeaders, valuesOf, without } from "../../core/http-headers.ts";
import type { RequestHead } from "../../core/http-request.ts";
import type { Client } from "../client.ts";
import type { End } from "../splice.ts";
import type { Exchange, ResponseOptions, Upgrade } from "./exchange.ts";
import { breakOff, flatten, gather, headOf, stopBody } from "./stream-head.ts";

export class Http2Exchange implements Exchange {
  readonly client: Client;
  readonly head: RequestHead;
  readonly body: http2.ServerHttp2Stream | undefined;
  readonly upgrade: Upgrade | undefined;
  readonly #stream: http2.ServerHttp2Stream;
  #requestTrailers: Headers = [];
  #responseTrailers: Headers = [];
  #onAborted: () => void = () => undefined;
  #finished = false;
  #closing = false;

  constructor(client: Client, stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) {
    this.client = client;
    this.#stream = stream;
    const asksForWebSocket = headers[":method"] === "CONNECT" && headers[":protocol"] === "websocket";
    this.upgrade = asksForWebSocket ? webSocketUpgrade(stream) : undefined;
    const head = headOf(headers);
    // RFC 8441 §5: a key means nothing here, and the service gets one of ours.
    this.head = asksForWebSocket
      ? { ...head, method: "GET", headers: without(head.headers, "sec-websocket-key") }
      : head;
    this.body = asksForWebSocket || stream.endAfterHeaders ? undefined : stream;
    stream.on("error", () => undefined);
    stream.on("trailers", (trailers) => {
      this.#requestTrailers = flatten(trailers);
    });
    stream.once("close", () => {
      if (!this.#finished || !this.received) this.leave();
    });
  }

  get gone(): boolean {
    // The writable side of a HEAD request has ended from the beginning.
    return this.#stream.destroyed || this.#stream.closed || (this.begun && this.#stream.writableEnded);
  }

  get received(): boolean {
    if (!this.body) return true;
    // Node ends both sides of a stream that the client has reset, as if each were whole.
    const { readableEnded, closed, rstCode } = this.#stream;
    return readableEnded && (!closed || (this.#finished && rstCode === http2.constants.NGHTTP2_NO_ERROR));
  }

  get begun(): boolean {
    return this.#stream.headersSent;
  }

  requestTrailers(): Headers {
    return this.#requestTrailers;
  }

  inform(status: number, headers: Headers): void {
    if (this.begun || this.gone) return;
    this.#stream.additionalHeaders({ ":status": status, ...gather(headers) });
  }

  respond(status: number, _message: string, headers: Headers, options: ResponseOptions): Writable {
    this.#closing = options.close;
    if (!this.#stream.destroyed) {
      this.#stream.respond(
        { ":status": status, ...gather(headers) },
        { endStream: options.bodiless, waitForTrailers: options.trailers },
      );
      if (options.trailers) {
        this.#stream.once("wantTrailers", () => this.#stream.sendTrailers(gather(this.#responseTrailers)));
      }
    }
    return this.#stream;
  }

  flushHead(): void {
    // HTTP/2 sends the head in a frame of its own at the end of the turn.
  }

  responseTrailers(headers: Headers): void {
    this.#responseTrailers = headers;
  }

  finish(): void {
    this.#finished = true;
    if (this.#closing && !this.received) stopBody(this.#stream);
    this.#stream.end();
  }

  abort(): void {
    breakOff(this.#stream);
  }

  onAborted(callback: () => void): void {
    this.#onAborted = callback;
  }

  leave(): void {
    this.#onAborted();
    this.#onAborted = () => undefined;
  }
}

/** RFC 8441 §5: what HTTP/1.1 says with a key and its digest, HTTP/2 says with 200. */
function webSocketUpgrade(stream: http2.ServerHttp2Stream): Upgrade {
  const key = randomBytes(16).toString("base64");
  const digest = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  const ofTheHandshake = new Set(["sec-websocket-accept", "content-length"]);
  return {
    protocol: "websocket",
    headers: ["Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Key", key],
    verify: (headers) => valuesOf(headers, "sec-websocket-accept")[0] === digest,
    accept(headers, onReset): End {
      const kept = [...pairs(responseHeaders(200, headers))].filter(
        ([name]) => !ofTheHandshake.has(name.toLowerCase()),
      );
      stream.respond({ ":status": 200, ...gather(kept.flat()) });
      stream.once("aborted", onReset);
      return { stream, raw: { resetAndDestroy: () => breakOff(stream) } };
    },
  };
}
