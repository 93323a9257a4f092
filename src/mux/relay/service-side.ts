/** The service's side of a relayed exchange: its connection, what of the request goes out on it, and what comes back. */
import { problemOf } from "../../core/errors.ts";
import type { Decision } from "../../core/http-decision.ts";
import { formatHead } from "../../core/http-headers.ts";
import type { Target } from "../../core/route.ts";
import type { Answerer } from "../http/answer.ts";
import type { Answerable } from "../http/exchange.ts";
import { brokenOff, connect, headersFor, isRepeatable } from "../http/forward.ts";
import type { Pool } from "./pool.ts";
import { type AnswerSink, type Progress, RelayedAnswer } from "./relayed-answer.ts";
import { Upload } from "./upload.ts";
import { hungUp, Upstream, type UpstreamUser } from "./upstream.ts";

export type Forwarded = Extract<Decision, { kind: "forward" }>;

export interface ServiceContext {
  readonly answerer: Answerer;
  readonly pool: Pool;
}

/** An exchange as its service sees it, whatever version of HTTP its client speaks. */
export interface Relayed extends Answerable, AnswerSink {
  /** What waits of the request's body is to be passed on. */
  flow(): void;
  /** No more of the request's body is to be read just now. */
  stall(): void;
  /** Calls back when what services have said up to now has been read. */
  whenHeard(callback: () => void): void;
  /** Something of the exchange is over: perhaps all of it is. */
  settle(): void;
}

export class ServiceSide implements UpstreamUser {
  readonly #exchange: Relayed;
  readonly #decision: Forwarded;
  readonly #context: ServiceContext;
  #upstream: Upstream | undefined;
  #upload: Upload | undefined;
  #answer: RelayedAnswer | undefined;

  constructor(exchange: Relayed, decision: Forwarded, context: ServiceContext) {
    this.#exchange = exchange;
    this.#decision = decision;
    this.#context = context;
  }

  start(): void {
    const { route } = this.#decision;
    const { pool, answerer } = this.#context;
    const order = answerer.forwarding.upstreams.order(route);
    const kept = order[0] && pool.take(pool.keyOf(order[0], route));
    if (kept) this.#send(kept);
    else void this.#connect(order);
  }

  /** Never rejects: what goes wrong beyond words ends the exchange and is told in the connection's report. */
  async #connect(order?: readonly Target[]): Promise<void> {
    const { pool, answerer } = this.#context;
    const { route } = this.#decision;
    try {
      const fresh = await connect(this.#exchange, route, answerer.forwarding, order);
      if (fresh) this.#send(new Upstream(fresh, pool.keyOf(fresh.target, route), pool.forget));
    } catch (error) {
      this.#exchange.client.refusedRequest(problemOf(error));
      this.#exchange.abort();
    }
  }

  #send(upstream: Upstream): void {
    const exchange = this.#exchange;
    const { head } = exchange;
    const { accepted, route } = this.#decision;
    upstream.user = this;
    this.#upstream = upstream;
    this.#answer = new RelayedAnswer(exchange, head.method === "HEAD");
    exchange.client.reached(upstream.target);
    const headers = headersFor(exchange, accepted, route, this.#context.answerer.forwarding);
    headers.push("Connection", route.closeUpstream ? "close" : "keep-alive");
    const text = formatHead(`${head.method} ${accepted.path} HTTP/1.1`, headers);
    if (!exchange.body) return void upstream.socket.write(text, "latin1");
    this.#upload = new Upload(upstream.socket, exchange.whenHeard, () => this.#onFlushed());
    this.#exchange.flow();
    // What of the body has come already goes with the head.
    this.#upload.begin(text);
  }

  /** It takes the request's body. */
  get isReady(): boolean {
    return this.#upload !== undefined;
  }

  /** No more of the body is to come just now. */
  get isStalled(): boolean {
    return this.#upload?.isStalled ?? false;
  }

  get isFlushed(): boolean {
    return this.#upload?.isFlushed ?? true;
  }

  pass(pieces: readonly Buffer[]): void {
    this.#upload?.write(pieces);
    if (this.isStalled) this.#exchange.stall();
  }

  /** Nothing more of the body goes out. */
  discard(): void {
    this.#upload?.discard();
  }

  #onFlushed(): void {
    if (this.isStalled) this.#exchange.stall();
    else this.#exchange.flow();
    this.#exchange.settle();
  }

  drained(): void {
    if (!this.#upload) return;
    this.#upload.isStalled = false;
    this.#exchange.flow();
  }

  /** The client takes more of the answer. */
  resume(): void {
    if (this.#answer) this.#answer.isStalled = false;
    this.#upstream?.socket.resume();
  }

  hear(bytes: Buffer): void {
    const answer = this.#answer;
    if (!answer) return;
    if (this.#exchange.gone) {
      answer.hasExcess = true;
      return;
    }
    let progress: Progress;
    try {
      progress = answer.hear(bytes);
    } catch (error) {
      return this.#giveUp(error);
    }
    this.#follow(progress);
    if (answer.isStalled) this.#upstream?.socket.pause();
  }

  ended(): void {
    if (this.#exchange.gone) this.#drop();
    else if (this.#answer?.head) this.#follow(this.#answer.end());
    else this.#fail(hungUp());
  }

  lost(error: Error): void {
    if (this.#exchange.gone) this.#drop();
    else if (this.#answer?.head) this.#exchange.abort();
    else this.#fail(error);
  }

  #follow(progress: Progress): void {
    if (progress.kind === "over") this.#exchange.finish();
    else if (progress.kind !== "broken") return;
    else if (this.#exchange.begun) this.#exchange.abort();
    else this.#fail(new Error(progress.reason));
  }

  /** The service has not answered, and will not. */
  #fail(error: Error): void {
    // A kept connection can end just as a request goes out on it: the service has then not seen the request.
    if (!this.#upstream?.isKept || !isRepeatable(this.#exchange)) return this.#giveUp(error);
    this.#drop();
    void this.#connect();
  }

  /** The client is told that there is no answer, or none that can be said to it. */
  #giveUp(error: unknown): void {
    const target = this.#upstream?.target;
    this.#drop();
    if (target) this.#context.answerer.forwarding.refuse(this.#exchange, brokenOff(error, target));
  }

  /** The service is done with; what is left of the request is read all the same. */
  #drop(): void {
    this.leave();
    this.#exchange.flow();
    this.#exchange.settle();
  }

  leave(): void {
    this.discard();
    this.#upstream?.destroy();
    this.#upstream = undefined;
  }

  /** The exchange is whole: its connection carries another one if it can. */
  release(): void {
    const upstream = this.#upstream;
    if (!upstream) return;
    this.#upstream = undefined;
    const { head, hasExcess } = this.#answer ?? {};
    const isWhole = this.#upload?.isUnwanted !== true && !this.#decision.route.closeUpstream;
    if (!head?.reusable || hasExcess || !isWhole) return upstream.destroy();
    upstream.usableUntil = performance.now() + head.reusable;
    this.#context.pool.put(upstream);
  }
}
