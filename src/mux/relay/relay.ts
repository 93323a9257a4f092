/** HTTP/1.1 relayed by hand: ordinary requests alone; at the first other one a connection goes on with Node's server. */
import type { Socket } from "node:net";
import type { Client } from "../client.ts";
import type { Answerer } from "../http/answer.ts";
import type { Connections } from "../http/connections.ts";
import { ClientSide, type FallBack } from "./client-side.ts";
import { Pool } from "./pool.ts";

export class Relay {
  readonly #answerer: Answerer;
  readonly #connections: Connections;
  readonly #fallBack: FallBack;
  readonly #pool = new Pool();

  /** `fallBack` is given a paused connection, and on it the bytes of a request from its first one on. */
  constructor(answerer: Answerer, connections: Connections, fallBack: FallBack) {
    this.#answerer = answerer;
    this.#connections = connections;
    this.#fallBack = fallBack;
  }

  /** Takes over a connection that is among `connections`. */
  serve(client: Client, stream: Socket): void {
    new ClientSide(client, stream, {
      answerer: this.#answerer,
      connections: this.#connections,
      pool: this.#pool,
      fallBack: this.#fallBack,
    }).start();
  }

  /** Ends the connections to services that are idle, and every other one after its answer. */
  drain(): void {
    this.#pool.close();
  }
}
