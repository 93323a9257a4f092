/** Where connections that carry HTTP are handed to: HTTP/1.1 and HTTP/2, in the clear or with TLS ended before them. */
import http2 from "node:http2";
import type { Socket } from "node:net";
import type { Client } from "../client.ts";
import { Relay } from "../relay/relay.ts";
import type { Answerer } from "./answer.ts";
import { Connections } from "./connections.ts";
import { Http2Exchange } from "./exchange-h2.ts";
import { Http1Server } from "./server-h1.ts";

export class HttpFront {
  readonly #answerer: Answerer;
  readonly #connections = new Connections();
  readonly #relay: Relay;

  constructor(answerer: Answerer) {
    this.#answerer = answerer;
    const http1 = new Http1Server(answerer, this.#connections);
    this.#relay = new Relay(answerer, this.#connections, (client, stream) => http1.serve(client, stream));
  }

  /** Takes the connection over; `stream` is its socket, or what TLS made of it. */
  serve(client: Client, stream: Socket, protocol: "http/1.1" | "h2"): void {
    if (protocol === "http/1.1") {
      this.#connections.add(client, (idle) => {
        if (idle) stream.end();
      });
      return this.#relay.serve(client, stream);
    }
    this.#connections.add(client, () => stream.end());
    // The client speaks first (RFC 9113 §3.4), and behind TLS Node can take over only when the handshake is done.
    if (stream.readableLength > 0) this.#openSession(client, stream);
    else stream.once("readable", () => this.#openSession(client, stream));
  }

  /** Ends what is idle, and everything else as soon as its last answer is out. */
  drain(): void {
    this.#connections.drain();
    this.#relay.drain();
  }

  #openSession(client: Client, stream: Socket): void {
    if (stream.readableLength === 0) return void stream.destroy();
    const session = http2.performServerHandshake(stream, {
      settings: { enableConnectProtocol: true, initialWindowSize: 1024 * 1024, maxConcurrentStreams: 256 },
      maxHeaderListPairs: 256,
    });
    // Node's session waits for this event on a TLS socket, and Node emits it on the client's side alone.
    stream.emit("secureConnect");
    // Says so at once, and lets open streams finish.
    this.#connections.add(client, () => session.close());
    session.on("error", () => undefined);
    stream.once("end", () => stream.end());
    session.on("stream", (http2Stream, headers) => {
      const exchange = new Http2Exchange(client, http2Stream, headers);
      this.#connections.begun(exchange);
      http2Stream.once("close", () => this.#connections.over(exchange));
      void this.#answerer.answer(exchange);
    });
  }
}
