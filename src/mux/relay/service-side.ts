/** The service's side of a relayed exchange: its connection, what of the request goes out on it, and what comes back. */
import type { AnswerHead } from "../../core/answer-head.ts";
import { problemOf } from "../../core/errors.ts";
import type { Decision } from "../../core/http-decision.ts";
import { formatHead } from "../../core/http-headers.ts";
import type { Target } from "../../core/route.ts";
import { brokenOff, connect, headersFor, isRepeatable } from "../http/forward.ts";
import type { ClientSide } from "./client-side.ts";
import type { RelayExchange } from "./relay-exchange.ts";
import { type Progress, RelayedAnswer } from "./relayed-answer.ts";
import { Upload } from "./upload.ts";
import { hungUp, Upstream, type UpstreamUser } from "./upstream.ts";

export type Forwarded = Extract<Decision, { kind: "forward" }>;

export class ServiceSide implements UpstreamUser {
  readonly #exchange: RelayExchange;
  readonly #client: ClientSide;
  readonly #decision: Forwarded;
  #upstream: Upstream | undefined;
  #upload: Upload | undefined;
  #answer: RelayedAnswer | undefined;

  constructor(exchange: RelayExchange, client: ClientSide, decision: Forwarded) {
    this.#exchange = exchange;
    this.#client = client;
    this.#decision = decision;
  }

  start(): void {
    const { route } = this.#decision;
    const { pool, answerer } = this.#client.context;
    const order = answerer.forwarding.upstreams.order(route);
    const kept = order[0] && pool.take(pool.keyOf(order[0], route));
    if (kept) this.#send(kept);
    else void this.#connect(order);
  }

  /** Never rejects: what goes wrong beyond words ends the exchange and is told in the connection's report. */
  async #connect(order?: readonly Target[]): Promise<void> {
    const { pool, answerer } = this.#client.context;
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
    this.#answer = new RelayedAnswer(this.#client.stream, head.method === "HEAD", (head) =>
      this.#begin(head),
    );
    exchange.client.reached(upstream.target);
    const headers = headersFor(exchange, accepted, route, this.#client.context.answerer.forwarding);
    headers.push("Connection", route.closeUpstream ? "close" : "keep-alive");
    const text = formatHead(`${head.method} ${accepted.path} HTTP/1.1`, headers);
    if (!exchange.body) return void upstream.socket.write(text, "latin1");
    this.#upload = new Upload(upstream.socket, () => this.#onFlushed());
    this.#client.flow();
    // What of the body has come already goes with the head.
    this.#upload.begin(text);
  }

  /** It takes the request's body. */
  get isReady(): boolean {
    return this.#upload !== undefined;
  }

  /** More of the body was written than it takes just now. */
  get isStalled(): boolean {
    return this.#upload?.isStalled ?? false;
  }

  get isFlushed(): boolean {
    return this.#upload?.isFlushed ?? true;
  }

  pass(pieces: readonly Buffer[]): void {
    this.#upload?.write(pieces);
  }

  /** Nothing more of the body goes out. */
  discard(): void {
    this.#upload?.discard();
  }

  #onFlushed(): void {
    if (this.isStalled) this.#client.stream.pause();
    this.#exchange.settle();
  }

  drained(): void {
    if (!this.#upload) return;
    this.#upload.isStalled = false;
    this.#client.flow();
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
    this.#follow(answer.hear(bytes));
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
    else if (this.#answer?.head) this.#exchange.abort();
    else this.#fail(new Error(progress.reason));
  }

  /** The head of the answer is there; whether it is the connection's last. */
  #begin(head: AnswerHead): boolean {
    // RFC 9112 §9.5: whoever is told that nobody listens any more stops talking.
    if (head.status >= 400 && head.reusable === 0) this.discard();
    return this.#exchange.begin(head.status);
  }

  /** The service has not answered, and will not. */
  #fail(error: Error): void {
    const upstream = this.#upstream;
    this.#drop();
    if (!upstream || this.#exchange.gone) return;
    // A kept connection can end just as a request goes out on it: the service has then not seen the request.
    if (upstream.isKept && isRepeatable(this.#exchange)) return void this.#connect();
    this.#client.context.answerer.forwarding.refuse(this.#exchange, brokenOff(error, upstream.target));
  }

  /** The service is done with; what is left of the request is read all the same. */
  #drop(): void {
    this.leave();
    this.#client.flow();
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
    this.#client.context.pool.put(upstream);
  }
}
