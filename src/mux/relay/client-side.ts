/** The client's side of a relayed connection: takes one request after the other, and the rest of the bytes wait. */
import type { Socket } from "node:net";
import { readOrdinaryRequest } from "../../core/ordinary-request.ts";
import type { Client } from "../client.ts";
import type { Connections } from "../http/connections.ts";
import { idleMilliseconds } from "../http/server-h1.ts";
import { badRequest, breakOff, refuseUnparsed } from "../http/unparsed.ts";
import { RelayExchange } from "./relay-exchange.ts";
import type { ServiceContext } from "./service-side.ts";

export type FallBack = (client: Client, stream: Socket) => void;

export interface RelayContext extends ServiceContext {
  readonly connections: Connections;
  readonly fallBack: FallBack;
}

/** A request that is sent within the time that was told may take a moment; Node's server waits as long. */
const graceMilliseconds = 1000;
/** As many bytes of further requests are read while one is answered. */
const mostWaiting = 64 * 1024;

export class ClientSide {
  readonly client: Client;
  readonly stream: Socket;
  readonly context: RelayContext;
  #exchange: RelayExchange | undefined;
  /** What has come and is nobody's yet. */
  #waiting: Buffer | undefined;

  constructor(client: Client, stream: Socket, context: RelayContext) {
    this.client = client;
    this.stream = stream;
    this.context = context;
  }

  start(): void {
    const { stream } = this;
    stream.setTimeout(idleMilliseconds + graceMilliseconds);
    stream.on("data", this.#onData);
    stream.on("end", this.#onEnd);
    stream.on("drain", this.#onDrain);
    stream.on("timeout", this.#onTimeout);
    stream.resume();
  }

  readonly #onData = (bytes: Buffer): void => {
    // Nothing can be answered any more.
    if (!this.stream.writable) return;
    this.#waiting = this.#waiting ? Buffer.concat([this.#waiting, bytes]) : bytes;
    this.flow();
  };

  /** Gives what waits to whom it is for: the body of a request in hand, or the next request. */
  flow(): void {
    while (this.#waiting) {
      const bytes = this.#waiting;
      const exchange = this.#exchange;
      if (!exchange) {
        // Whoever does not read what was answered is answered no more.
        if (this.stream.writableNeedDrain) return void this.stream.pause();
        this.#waiting = undefined;
        if (!this.#begin(bytes)) return;
      } else if (exchange.takesBody) {
        this.#waiting = undefined;
        const used = exchange.take(bytes);
        if (used < bytes.length) this.#waiting = bytes.subarray(used);
        exchange.settle();
      } else {
        if (bytes.length > mostWaiting) this.stream.pause();
        return;
      }
    }
    if (this.stream.isPaused() && !this.#exchange?.isStalled) this.stream.resume();
  }

  /** Begins an exchange, or hands the connection over, which is told with `false`. */
  #begin(bytes: Buffer): boolean {
    const { client, context } = this;
    const request = readOrdinaryRequest(bytes);
    const decision = request && context.answerer.decide(client, request.head);
    if (!request || decision?.kind !== "forward") {
      this.#handOver(bytes);
      return false;
    }
    client.requested(decision.accepted.name, decision.route);
    const exchange = new RelayExchange(this, request, decision);
    this.#exchange = exchange;
    context.connections.begun(exchange);
    if (bytes.length > request.length) this.#waiting = bytes.subarray(request.length);
    exchange.start();
    return true;
  }

  #handOver(bytes: Buffer): void {
    const { client, stream, context } = this;
    stream.off("data", this.#onData);
    stream.off("end", this.#onEnd);
    stream.off("drain", this.#onDrain);
    stream.off("timeout", this.#onTimeout);
    stream.pause();
    stream.unshift(bytes);
    context.fallBack(client, stream);
  }

  /** The request is whole, and so is its answer. */
  over(exchange: RelayExchange): void {
    this.#exchange = undefined;
    if (exchange.last) this.stream.destroySoon();
    // While the mux drains, a connection without an exchange is closed: the next one begins first, if its client is there.
    else if (this.stream.writable) this.flow();
    this.context.connections.over(exchange);
  }

  /** What follows in the body of a request is no HTTP. */
  refuse(exchange: RelayExchange, reason: string): void {
    const { client, stream } = this;
    if (exchange.begun) return breakOff(client, reason);
    exchange.leave();
    refuseUnparsed(client, stream, badRequest(reason));
  }

  /** Node's server does the same: whoever ends before the answer is whole does not want it. */
  readonly #onEnd = (): void => {
    const exchange = this.#exchange;
    if (exchange && !exchange.received) {
      this.client.end({ how: "reset", by: "client" });
      return void this.stream.destroy();
    }
    this.stream.end();
    exchange?.leave();
  };

  readonly #onDrain = (): void => {
    this.#exchange?.resume();
    this.flow();
  };

  /** A connection with a request in hand may take its time; one without has had it. */
  readonly #onTimeout = (): void => {
    if (!this.#exchange) this.stream.destroy();
  };
}
