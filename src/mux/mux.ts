/** The data plane: one port, a table of routes, and every connection between the two. */
import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import { formatDomain } from "../core/domain.ts";
import { OneportError } from "../core/errors.ts";
import type { MuxEvent, RouteSummary } from "../core/events.ts";
import { RouteTable } from "../core/match.ts";
import { formatTarget, type Route } from "../core/route.ts";
import { Client } from "./client.ts";
import { serveConnection } from "./connection.ts";
import { Dialer } from "./dial.ts";
import { Answerer } from "./http/answer.ts";
import { HttpFront } from "./http/front.ts";
import { Upstreams } from "./http/upstreams.ts";
import { Listeners } from "./listener.ts";

export interface MuxOptions {
  readonly emit: (event: MuxEvent) => void;
  /** The certificate for a name or an IP address; may reject with a OneportError. */
  readonly contextFor: (name: string) => Promise<SecureContext>;
  /** Certificates in PEM that services with TLS may be signed by. */
  readonly trusted: () => string[];
  readonly helloMilliseconds: number;
}

export class Mux {
  readonly #options: MuxOptions;
  readonly #clients = new Set<Client>();
  readonly #dialer: Dialer;
  readonly #upstreams: Upstreams;
  readonly #http: HttpFront;
  #table = new RouteTable([]);
  #summaries: readonly RouteSummary[] = [];
  #listeners: Listeners | undefined;
  #onEmpty: (() => void)[] = [];
  #stopped = false;

  constructor(options: MuxOptions) {
    this.#options = options;
    this.#dialer = new Dialer(
      (address, port) => this.#isOwn(address, port),
      (target, state, reason) =>
        options.emit({
          type: "target",
          target: formatTarget(target),
          state,
          ...(reason !== undefined && { reason }),
        }),
    );
    this.#upstreams = new Upstreams(this.#dialer, options.trusted);
    const site = () => ({ port: this.#port, table: this.#table, summaries: this.#summaries });
    this.#http = new HttpFront(new Answerer(site, this.#upstreams));
  }

  /** Listens; rejects with a OneportError (`port-taken`, `port-forbidden`, `listen-failed`). */
  async start(port: number | "auto"): Promise<void> {
    if (this.#listeners) throw new OneportError(alreadyStarted);
    const { emit } = this.#options;
    this.#listeners = await Listeners.open(port, {
      onSocket: (socket) => this.#accept(socket),
      onProblem: (problem) => emit({ type: "problem", problem }),
    });
    emit({ type: "listening", port: this.#port, addresses: this.#listeners.addresses });
  }

  /** Swaps the table at once; connections in flight go on as they began. */
  setRoutes(routes: readonly Route[]): void {
    this.#table = new RouteTable(routes);
    this.#summaries = routes.map(({ domain, kind, targets }) => ({
      domain: formatDomain(domain),
      kind,
      targets: targets.map(formatTarget),
    }));
    this.#options.emit({ type: "routes", routes: [...this.#summaries] });
  }

  /**
   * Accepts nothing more, lets what is open end by itself for so long, then ends it. Fulfilled when nothing is open and every
   * connection has been reported. Called again meanwhile, it ends what is open after the shorter time.
   */
  async stop(graceMilliseconds: number): Promise<void> {
    this.#listeners?.close();
    this.#http.drain();
    const timer = setTimeout(() => this.#endClients(), graceMilliseconds);
    await this.#empty();
    clearTimeout(timer);
    if (this.#stopped) return;
    this.#stopped = true;
    this.#upstreams.close();
    this.#options.emit({ type: "stopped" });
  }

  #accept(socket: Socket): void {
    const { emit, contextFor, helloMilliseconds } = this.#options;
    const client = new Client(socket, (connection) => emit({ type: "connection", connection }));
    this.#clients.add(client);
    socket.once("close", () => this.#forget(client));
    void serveConnection(client, {
      table: this.#table,
      dialer: this.#dialer,
      http: this.#http,
      contextFor,
      helloMilliseconds,
    });
  }

  get #port(): number {
    return this.#listeners?.port ?? 0;
  }

  #isOwn(address: string, port: number): boolean {
    return port === this.#port && (this.#listeners?.addresses.includes(address) ?? false);
  }

  #forget(client: Client): void {
    this.#clients.delete(client);
    if (this.#clients.size === 0) for (const resolve of this.#onEmpty.splice(0)) resolve();
  }

  #endClients(): void {
    for (const client of this.#clients) {
      client.end({ how: "stopped" });
      client.socket.destroy();
    }
  }

  /** Fulfilled when no connection is open. */
  #empty(): Promise<void> {
    if (this.#clients.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onEmpty.push(resolve));
  }
}

const alreadyStarted = {
  code: "already-started",
  message: "This mux has been started already.",
  remedy: "Stop it first.",
};
