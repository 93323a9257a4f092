/** The HTTP/2 server that connections are handed to. */
import http2 from "node:http2";
import type { Socket } from "node:net";
import type { Client } from "../client.ts";
import { hasPeer } from "../has-peer.ts";
import type { Answerer } from "./answer.ts";
import type { Connections } from "./connections.ts";
import { Http2Exchange } from "./exchange-h2.ts";

/** Takes a stream over, or tells with `false` that it does not. */
export type TakeStream = (
  client: Client,
  stream: http2.ServerHttp2Stream,
  headers: http2.IncomingHttpHeaders,
) => boolean;

/** In bytes, as the next one. So much of a body may be on its way before the mux says that it takes more. */
const streamWindow = 1024 * 1024;
/**
 * And so much of all bodies on a connection. It costs no memory: Node counts there what has come in, and for each stream what has
 * been read. With the 64 KB that are everybody's to begin with (RFC 9113 §6.9.2) an upload from 20 ms away came in at 2.5 MB/s.
 */
const connectionWindow = 16 * streamWindow;

/** In MB. Beyond Node's 10 streams are refused, and in the end the session; each is held within its own bounds already. */
const maxSessionMemory = 1000;
/** Node reckons with several times what a small header takes; services may send 64 KB. */
const maxSendHeaderBlockLength = 256 * 1024;

/** After so long without a sign the system is asked whether the client is still there. */
const silentMilliseconds = 2000;

export class Http2Server {
  readonly #answerer: Answerer;
  readonly #connections: Connections;
  readonly #takeStream: TakeStream;

  /** `takeStream` is offered every request first. */
  constructor(answerer: Answerer, connections: Connections, takeStream: TakeStream) {
    this.#answerer = answerer;
    this.#connections = connections;
    this.#takeStream = takeStream;
  }

  serve(client: Client, stream: Socket): void {
    this.#connections.add(client, () => stream.end());
    // The client speaks first (RFC 9113 §3.4), and behind TLS Node can take over only when the handshake is done.
    if (stream.readableLength > 0) this.#openSession(client, stream);
    else stream.once("readable", () => this.#openSession(client, stream));
  }

  #openSession(client: Client, stream: Socket): void {
    if (stream.readableLength === 0) return void stream.destroy();
    const session = http2.performServerHandshake(stream, {
      settings: { enableConnectProtocol: true, initialWindowSize: streamWindow, maxConcurrentStreams: 256 },
      maxHeaderListPairs: 256,
      maxSessionMemory,
      maxSendHeaderBlockLength,
    });
    // Node's session waits for this event on a TLS socket, and Node emits it on the client's side alone.
    stream.emit("secureConnect");
    session.setLocalWindowSize(connectionWindow);
    // Says so at once, and lets open streams finish.
    this.#connections.add(client, () => session.close());
    session.on("error", () => undefined);
    stream.once("end", () => stream.end());
    // Of a reset that meets a write over TLS Node tells in no way.
    session.on("timeout", () => {
      if (hasPeer(stream)) return session.setTimeout(silentMilliseconds);
      client.end({ how: "reset", by: "client" });
      stream.destroy();
    });
    session.setTimeout(silentMilliseconds);
    session.on("stream", (stream, headers) => {
      if (!this.#takeStream(client, stream, headers)) this.#answer(client, stream, headers);
    });
  }

  #answer(client: Client, stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void {
    const exchange = new Http2Exchange(client, stream, headers);
    this.#connections.begun(exchange);
    stream.once("close", () => this.#connections.over(exchange));
    void this.#answerer.answer(exchange);
  }
}
