/** HTTP relayed by hand: ordinary requests alone; every other one is left to Node's servers. */
import type { Socket } from "node:net";
import { isOrdinary } from "../../core/ordinary-request.ts";
import type { Client } from "../client.ts";
import type { Answerer } from "../http/answer.ts";
import type { Connections } from "../http/connections.ts";
import type { TakeStream } from "../http/server-h2.ts";
import { headOf } from "../http/stream-head.ts";
import { ClientSide, type FallBack, type RelayContext } from "./client-side.ts";
import { Pool } from "./pool.ts";
import { RelayedStream } from "./relayed-stream.ts";

export class Relay {
  readonly #context: RelayContext;

  /** `fallBack` is given a paused connection, and on it the bytes of a request from its first one on. */
  constructor(answerer: Answerer, connections: Connections, fallBack: FallBack) {
    this.#context = { answerer, connections, pool: new Pool(), fallBack };
  }

  /** Takes over a connection of HTTP/1.1 that is among `connections`. */
  serve(client: Client, stream: Socket): void {
    new ClientSide(client, stream, this.#context).start();
  }

  /** Takes over a stream of HTTP/2 with an ordinary request, or tells with `false` that this is none. */
  readonly serveStream: TakeStream = (client, stream, headers) => {
    const head = headOf(headers);
    const decision = isOrdinary(head, !stream.endAfterHeaders)
      ? this.#context.answerer.decide(client, head)
      : undefined;
    if (decision?.kind !== "forward") return false;
    client.requested(decision.accepted.name, decision.route);
    new RelayedStream(client, stream, head, decision, this.#context).start();
    return true;
  };

  /** Ends the connections to services that are idle. */
  letGoOfIdle(): void {
    this.#context.pool.letGoOfIdle();
  }

  /** Ends the connections to services that are idle, and every other one after its answer. */
  drain(): void {
    this.#context.pool.close();
  }
}
