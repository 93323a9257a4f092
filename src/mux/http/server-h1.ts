/** HTTP/1.1 connections: Node's server, which never listens, is handed them one by one. */
import http from "node:http";
import type { Socket } from "node:net";
import { maxHead } from "../../core/http-head.ts";
import type { Client } from "../client.ts";
import type { Answerer } from "./answer.ts";
import type { Connections } from "./connections.ts";
import { Http1Exchange } from "./exchange-h1.ts";
import {
  badRequest,
  breakOff,
  headTooLarge,
  refuseUnparsed,
  type Unparsed,
  unknownMethod,
} from "./unparsed.ts";
import { staysInHttp1, upgradeExchange, withoutUpgrade } from "./upgrade-h1.ts";

/** How long a connection may lie idle between requests, or dawdle over the head of one. */
export const idleMilliseconds = 65_000;
/** With so many requests waiting for their turn no more are read; until then a client that leaves is noticed. */
const mostWaiting = 16;

export class Http1Server {
  readonly #answerer: Answerer;
  readonly #connections: Connections;
  readonly #server: http.Server;
  readonly #clients = new WeakMap<object, Client>();
  readonly #latest = new WeakMap<Client, Http1Exchange>();
  readonly #waiting = new WeakMap<Client, Http1Exchange[]>();

  constructor(answerer: Answerer, connections: Connections) {
    this.#answerer = answerer;
    this.#connections = connections;
    this.#server = http.createServer({
      maxHeaderSize: maxHead,
      keepAliveTimeout: idleMilliseconds,
      // Checked with words of ours in core/http-request.ts.
      requireHostHeader: false,
      insecureHTTPParser: false,
    });
    this.#server.timeout = idleMilliseconds;
    // Beyond a count Node drops headers without a word; their size is the limit.
    this.#server.maxHeadersCount = 0;
    this.#server.on("request", (request, response) => this.#onRequest(request, response));
    this.#server.on("checkContinue", (request, response) => this.#onRequest(request, response));
    this.#server.on("upgrade", (request, socket: Socket, early) => this.#onUpgrade(request, socket, early));
    this.#server.on("connect", (request, socket: Socket, early) => this.#onUpgrade(request, socket, early));
    this.#server.on("clientError", (error, socket: Socket) => this.#onUnparsed(error, socket));
    this.#server.on("timeout", (socket: Socket) => this.#onTimeout(socket));
  }

  /** Takes over a connection that is among `connections`, from the beginning of a request on. */
  serve(client: Client, stream: Socket): void {
    this.#clients.set(stream, client);
    this.#read(stream);
  }

  #read(stream: Socket): void {
    this.#server.emit("connection", stream);
    stream.resume();
  }

  #onRequest(request: http.IncomingMessage, response: http.ServerResponse): void {
    const client = this.#clients.get(request.socket);
    if (!client) return void request.socket.destroy();
    // It was told that there would be no answer; what follows a request that was refused is not even sure to be one.
    if (this.#latest.get(client)?.last) return;
    if (this.#connections.draining) response.shouldKeepAlive = false;
    const exchange = new Http1Exchange(client, request, response);
    this.#latest.set(client, exchange);
    this.#connections.begun(exchange);
    const over = () => {
      if (!response.closed || !exchange.received) return;
      response.off("close", over);
      request.off("end", over);
      this.#over(exchange, request.socket);
    };
    response.on("close", over);
    request.on("end", over);
    if (this.#connections.inHand(client).length === 1) void this.#answerer.answer(exchange);
    else this.#wait(exchange, request.socket);
  }

  /** Requests in a row are served one at a time: what one of them does may matter to the next (RFC 9112 §9.3.2). */
  #wait(exchange: Http1Exchange, socket: Socket): void {
    const waiting = this.#waiting.get(exchange.client) ?? [];
    this.#waiting.set(exchange.client, waiting);
    waiting.push(exchange);
    if (waiting.length >= mostWaiting) socket.pause();
  }

  #over(exchange: Http1Exchange, socket: Socket): void {
    const { client, last } = exchange;
    this.#connections.over(exchange);
    const next = this.#waiting.get(client)?.shift();
    if (!next || last || socket.destroyed) return;
    socket.resume();
    void this.#answerer.answer(next);
  }

  #onUpgrade(request: http.IncomingMessage, socket: Socket, early: Buffer): void {
    const client = this.#clients.get(socket);
    if (!client) return void socket.destroy();
    // Node has let go of the socket, and earlier answers that are still to come have lost it.
    if (this.#connections.inHand(client).length > 0)
      return breakOff(client, "it asked for another protocol too early");
    if (staysInHttp1(request)) {
      socket.unshift(Buffer.concat([Buffer.from(withoutUpgrade(request), "latin1"), early]));
      return this.#read(socket);
    }
    const exchange = upgradeExchange(client, request, socket, early);
    // Never over: what follows a granted upgrade is a stream, which ends in its own time.
    this.#connections.begun(exchange);
    void this.#answerer.answer(exchange);
  }

  /** What Node's parser could not read as HTTP: said again for each further piece of it. */
  #onUnparsed(error: NodeJS.ErrnoException, socket: Socket): void {
    const client = this.#clients.get(socket);
    if (!client || error.code === "ECONNRESET") return void socket.destroy();
    // The client ended in the midst of a request.
    if (error.code === "HPE_INVALID_EOF_STATE") {
      client.end({ how: "reset", by: "client" });
      return void socket.destroy();
    }
    if (!socket.writable || this.#latest.get(client)?.last) return;
    const inHand = this.#connections.inHand(client);
    const [current, ...others] = inHand;
    const isItsBody = current && !current.received && others.length === 0;
    // Ours would be taken for the answer to an earlier request, or stand in the midst of it.
    if (current && (!isItsBody || current.begun)) return breakOff(client, error.message);
    for (const exchange of inHand) exchange.leave();
    refuseUnparsed(client, socket, refusalOf(error));
  }

  /** A connection with a request in hand may take its time; one without has had it. */
  #onTimeout(socket: Socket): void {
    const client = this.#clients.get(socket);
    if (!client || this.#connections.inHand(client).length === 0) socket.destroy();
  }
}

function refusalOf(error: NodeJS.ErrnoException): Unparsed {
  if (error.code === "HPE_INVALID_METHOD" && isInRequestLine(error)) return unknownMethod;
  return error.code === "HPE_HEADER_OVERFLOW" ? headTooLarge : badRequest(error.message);
}

/** RFC 9112 §3, with any token as the method. */
const requestLine = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ [\x21-\x7e]+ HTTP\/1\.\d\r\n/;

/** Whether Node's parser gave up in a line that is a request's all the same; it tells what it read, and how far it came. */
function isInRequestLine(error: Error): boolean {
  if (!("rawPacket" in error && error.rawPacket instanceof Buffer)) return false;
  if (!("bytesParsed" in error && typeof error.bytesParsed === "number")) return false;
  const text = error.rawPacket.toString("latin1");
  return requestLine.test(text.slice(text.lastIndexOf("\n", error.bytesParsed - 1) + 1));
}
