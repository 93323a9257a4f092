/** The HTTP servers that connections are handed to: HTTP/1.1 and HTTP/2, in the clear or with TLS ended before them. */
import http from "node:http";
import http2 from "node:http2";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Client } from "../client.ts";
import type { Answerer } from "./answer.ts";
import { Http1Exchange, upgradeExchange, withoutUpgrade } from "./exchange-h1.ts";
import { Http2Exchange } from "./exchange-h2.ts";

/** As much as a first look holds. */
const maxHeaderSize = 64 * 1024;
/** How long a connection may lie idle between requests, or dawdle over the head of one. */
const idleMilliseconds = 65_000;

export class HttpFront {
  readonly #answerer: Answerer;
  readonly #server: http.Server;
  readonly #clients = new WeakMap<object, Client>();
  readonly #open = new Map<Client, { readonly close: () => void; exchanges: number }>();
  #draining = false;

  constructor(answerer: Answerer) {
    this.#answerer = answerer;
    this.#server = http.createServer({
      maxHeaderSize,
      keepAliveTimeout: idleMilliseconds,
      // Checked with words of ours in core/http-request.ts.
      requireHostHeader: false,
      insecureHTTPParser: false,
    });
    this.#server.timeout = idleMilliseconds;
    this.#server.on("request", (request, response) => this.#onRequest(request, response));
    this.#server.on("checkContinue", (request, response) => this.#onRequest(request, response));
    this.#server.on("upgrade", (request, socket: Socket, early) => this.#onUpgrade(request, socket, early));
    this.#server.on("connect", (request, socket: Socket, early) => this.#onUpgrade(request, socket, early));
    this.#server.on("clientError", (error, socket) => refuseUnparsed(error, socket));
    this.#server.on("timeout", (socket: Socket) => this.#onTimeout(socket));
  }

  /** Takes the connection over; `stream` is its socket, or what TLS made of it. */
  serve(client: Client, stream: Socket, protocol: "http/1.1" | "h2"): void {
    client.socket.once("close", () => this.#open.delete(client));
    if (protocol === "h2") this.#serveHttp2(client, stream);
    else this.#serveHttp1(client, stream);
  }

  /** Ends what is idle, and everything else as soon as its last answer is out. */
  drain(): void {
    this.#draining = true;
    for (const { close, exchanges } of this.#open.values()) if (exchanges === 0) close();
  }

  #serveHttp1(client: Client, stream: Socket): void {
    this.#clients.set(stream, client);
    this.#open.set(client, { close: () => stream.end(), exchanges: 0 });
    this.#server.emit("connection", stream);
    stream.resume();
  }

  #serveHttp2(client: Client, stream: Socket): void {
    // The client speaks first (RFC 9113 §3.4), and behind TLS Node can take over only when the handshake is done.
    if (stream.readableLength > 0) this.#openSession(client, stream);
    else stream.once("readable", () => this.#openSession(client, stream));
  }

  #openSession(client: Client, stream: Socket): void {
    if (stream.readableLength === 0) return void stream.destroy();
    const session = http2.performServerHandshake(stream, {
      settings: { enableConnectProtocol: true, initialWindowSize: 1024 * 1024, maxConcurrentStreams: 256 },
      maxHeaderListPairs: 256,
    });
    // Node's session waits for this event on a TLS socket, and Node emits it on the client's side alone.
    stream.emit("secureConnect");
    this.#open.set(client, { close: () => session.close(), exchanges: 0 });
    session.on("error", () => undefined);
    stream.once("end", () => stream.end());
    session.on("stream", (http2Stream, headers) => {
      http2Stream.once("close", () => this.#over(client));
      this.#begun(client);
      void this.#answerer.answer(new Http2Exchange(client, http2Stream, headers));
    });
  }

  #onRequest(request: http.IncomingMessage, response: http.ServerResponse): void {
    const client = this.#clients.get(request.socket);
    if (!client) return void request.socket.destroy();
    if (this.#draining) response.shouldKeepAlive = false;
    response.once("close", () => this.#over(client));
    this.#begun(client);
    void this.#answerer.answer(new Http1Exchange(client, request, response));
  }

  #onUpgrade(request: http.IncomingMessage, socket: Socket, early: Buffer): void {
    const client = this.#clients.get(socket);
    if (!client) return void socket.destroy();
    // HTTP/2 in the clear is spoken by prior knowledge or not at all; such a request goes on in HTTP/1.1 (RFC 9113 §3.1).
    if (/\bh2c\b/i.test(request.headers.upgrade ?? "")) {
      socket.unshift(Buffer.concat([Buffer.from(withoutUpgrade(request), "latin1"), early]));
      this.#server.emit("connection", socket);
      socket.resume();
      return;
    }
    // Never over: what follows a granted upgrade is a stream, which ends in its own time.
    this.#begun(client);
    void this.#answerer.answer(upgradeExchange(client, request, socket, early));
  }

  /** A connection with a request in hand may take its time; one without has had it. */
  #onTimeout(socket: Socket): void {
    const client = this.#clients.get(socket);
    const open = client && this.#open.get(client);
    if (!open || open.exchanges === 0) socket.destroy();
  }

  #begun(client: Client): void {
    const open = this.#open.get(client);
    if (open) open.exchanges++;
  }

  #over(client: Client): void {
    const open = this.#open.get(client);
    if (!open) return;
    open.exchanges--;
    if (this.#draining && open.exchanges === 0) open.close();
  }
}

/** What Node's parser could not read as HTTP. */
function refuseUnparsed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === "ECONNRESET") return void socket.destroy();
  const status =
    error.code === "HPE_HEADER_OVERFLOW" ? "431 Request Header Fields Too Large" : "400 Bad Request";
  const body = `${status}\nThis is not a request that RFC 9112 allows: ${error.message}.\n`;
  const head = `Content-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close`;
  socket.end(`HTTP/1.1 ${status}\r\n${head}\r\n\r\n${body}`);
}
