/** The data plane: one port, a table of routes, and every connection between the two. */
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
  #onEmpty: (() => void) | undefined;

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
    this.#listeners = await Listeners.open(port, (socket) => {
      const client = new Client(socket, (connection) =>
        this.#options.emit({ type: "connection", connection }),
      );
      this.#clients.add(client);
      socket.once("close", () => this.#forget(client));
      void serveConnection(client, {
        table: this.#table,
        dialer: this.#dialer,
        http: this.#http,
        contextFor: this.#options.contextFor,
        helloMilliseconds: this.#options.helloMilliseconds,
      });
    });
    this.#options.emit({ type: "listening", port: this.#port, addresses: this.#listeners.addresses });
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

  /** Accepts nothing more, lets what is open end by itself for so long, then ends it. */
  async stop(graceMilliseconds: number): Promise<void> {
    this.#listeners?.close();
    this.#http.drain();
    if (this.#clients.size > 0) await this.#emptyWithin(graceMilliseconds);
    for (const client of this.#clients) {
      client.end({ how: "stopped" });
      client.socket.destroy();
    }
    this.#upstreams.close();
    this.#options.emit({ type: "stopped" });
  }

  get #port(): number {
    return this.#listeners?.port ?? 0;
  }

  #isOwn(address: string, port: number): boolean {
    return port === this.#port && (this.#listeners?.addresses.includes(address) ?? false);
  }

  #forget(client: Client): void {
    this.#clients.delete(client);
    if (this.#clients.size === 0) this.#onEmpty?.();
  }

  #emptyWithin(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#onEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

const alreadyStarted = {
  code: "already-started",
  message: "This mux has been started already.",
  remedy: "Stop it first.",
};
