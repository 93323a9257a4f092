/** HTTP/1.1 exchanges on top of Node's server: its parser is the strict one, and it frames the answers. */
import http from "node:http";
import type { Writable } from "node:stream";
import { formatHead, type Headers, pairs, valuesOf, without } from "../../core/http-headers.ts";
import type { RequestHead } from "../../core/http-request.ts";
import type { Client } from "../client.ts";
import { Linger } from "../hang-up.ts";
import type { Exchange, ResponseOptions, Upgrade } from "./exchange.ts";

export class Http1Exchange implements Exchange {
  readonly client: Client;
  readonly head: RequestHead;
  readonly body: http.IncomingMessage | undefined;
  readonly upgrade: Upgrade | undefined;
  readonly #request: http.IncomingMessage;
  readonly #response: http.ServerResponse;
  #onAborted: () => void = () => undefined;
  #left = false;
  /** The client holds its body back until it is told to go on (RFC 9110 §10.1.1). */
  #holdsBack: boolean;
  #closing = false;

  constructor(
    client: Client,
    request: http.IncomingMessage,
    response: http.ServerResponse,
    upgrade: Upgrade | undefined = undefined,
  ) {
    this.client = client;
    this.#request = request;
    this.#response = response;
    this.upgrade = upgrade;
    this.head = headOf(request);
    this.body = hasBody(request) ? request : undefined;
    this.#holdsBack = request.headers.expect !== undefined && this.head.version === "1.1";
    // What is written when the client has gone is nobody's error.
    response.on("error", () => undefined);
    response.once("close", () => {
      if (!response.writableFinished) this.leave();
    });
  }

  get gone(): boolean {
    return this.#left || this.#response.destroyed || this.#response.writableEnded;
  }

  get begun(): boolean {
    return this.#response.headersSent;
  }

  get received(): boolean {
    return this.#request.complete;
  }

  /** No further request on this connection is served (RFC 9112 §9.6). */
  get last(): boolean {
    return this.#closing || !this.#response.shouldKeepAlive;
  }

  requestTrailers(): Headers {
    return this.#request.rawTrailers;
  }

  inform(status: number, headers: Headers): void {
    const { socket } = this.#response;
    // RFC 9110 §15.2: to HTTP/1.0 none of these may be sent.
    if (this.head.version === "1.0" || this.begun) return;
    if (status === 100) {
      this.#holdsBack = false;
      return this.#response.writeContinue();
    }
    // Others are hints, and one whose turn has not come yet is left out.
    socket?.write(formatHead(`HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? ""}`, headers), "latin1");
  }

  respond(status: number, message: string, headers: Headers, options: ResponseOptions): Writable {
    const measured = valuesOf(headers, "content-length").length > 0;
    const chunked = !measured && !options.bodiless && this.head.version !== "1.0";
    // RFC 9112 §7.1.2: trailers belong to chunks, and Node throws if they are announced without.
    const list = chunked ? [...headers] : without(headers, "trailer");
    if (options.close) list.push("Connection", "close");
    this.#closing = options.close;
    this.#response.writeHead(status, message, list);
    return this.#response;
  }

  flushHead(): void {
    this.#response.flushHeaders();
  }

  responseTrailers(headers: Headers): void {
    this.#response.addTrailers([...pairs(headers)]);
  }

  finish(): void {
    if (this.#closing && !this.received && !this.#holdsBack) this.#finishWhenRead();
    else this.#response.end();
  }

  /** Node closes right after the answer, and with bytes unread that is a reset, which can overtake the answer. */
  #finishWhenRead(): void {
    const finish = () => {
      linger.end();
      this.#response.end();
    };
    const linger = new Linger(finish);
    this.#request.once("end", finish);
    this.#request.once("close", finish);
    this.#request.on("data", () => linger.heard());
  }

  abort(): void {
    this.client.passResetOn();
  }

  onAborted(callback: () => void): void {
    this.#onAborted = callback;
  }

  leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#onAborted();
  }
}

/** RFC 9112 §6.3: a request without either header has no body. */
export function hasBody({ headers }: http.IncomingMessage): boolean {
  const length = headers["content-length"];
  return headers["transfer-encoding"] !== undefined || (length !== undefined && length !== "0");
}

function headOf(request: http.IncomingMessage): RequestHead {
  return {
    version: request.httpVersionMajor === 1 && request.httpVersionMinor === 0 ? "1.0" : "1.1",
    method: request.method ?? "",
    target: request.url ?? "",
    headers: request.rawHeaders,
  };
}
