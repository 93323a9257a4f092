/** Where connections that carry HTTP are handed to: HTTP/1.1 and HTTP/2, in the clear or with TLS ended before them. */
import type { Socket } from "node:net";
import type { Client } from "../client.ts";
import { Relay } from "../relay/relay.ts";
import type { Answerer } from "./answer.ts";
import { Connections } from "./connections.ts";
import { Http1Server } from "./server-h1.ts";
import { Http2Server } from "./server-h2.ts";

export class HttpFront {
  readonly #connections = new Connections();
  readonly #relay: Relay;
  readonly #http2: Http2Server;

  constructor(answerer: Answerer) {
    const http1 = new Http1Server(answerer, this.#connections);
    this.#relay = new Relay(answerer, this.#connections, (client, stream) => http1.serve(client, stream));
    this.#http2 = new Http2Server(answerer, this.#connections, this.#relay.serveStream);
  }

  /** Takes the connection over; `stream` is its socket, or what TLS made of it. */
  serve(client: Client, stream: Socket, protocol: "http/1.1" | "h2"): void {
    if (protocol === "h2") return this.#http2.serve(client, stream);
    this.#connections.add(client, (idle) => {
      if (idle) stream.end();
    });
    this.#relay.serve(client, stream);
  }

  /** Ends the connections to services that carry nothing just now. */
  letGoOfIdle(): void {
    this.#relay.letGoOfIdle();
  }

  /** Ends what is idle, and everything else as soon as its last answer is out. */
  drain(): void {
    this.#connections.drain();
    this.#relay.drain();
  }
}
