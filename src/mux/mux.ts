/** The data plane: one port, a table of routes, and every connection between the two. */
import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import { canonicalAddress } from "../core/domain.ts";
import { OneportError } from "../core/errors.ts";
import type { MuxEvent, RouteSummary } from "../core/events.ts";
import { LastingProblems } from "../core/lasting-problems.ts";
import { RouteTable } from "../core/match.ts";
import { formatTarget, isStreamRoute, type Route, type StreamRoute } from "../core/route.ts";
import { summarizeRoutes } from "../core/route-summary.ts";
import { Bridge } from "./bridge.ts";
import { Client, type ClientHooks } from "./client.ts";
import { type ConnectionContext, serveConnection } from "./connection.ts";
import { Dialer } from "./dial.ts";
import { Health } from "./health.ts";
import { Answerer } from "./http/answer.ts";
import { HttpFront } from "./http/front.ts";
import { Upstreams } from "./http/upstreams.ts";
import { Limit } from "./limit.ts";
import { Listeners } from "./listener.ts";
import { OpenConnectionsWatch } from "./open-connections.ts";
import { probe } from "./probe.ts";

export interface MuxOptions {
  readonly emit: (event: MuxEvent) => void;
  /** The certificate for a name or an IP address; may reject with a OneportError. */
  readonly contextFor: (name: string) => Promise<SecureContext>;
  /** Certificates in PEM that services with TLS may be signed by. */
  readonly trusted: () => string[];
  readonly helloMilliseconds: number;
  /** IP addresses whose PROXY header is believed. */
  readonly acceptProxy?: readonly string[];
  /** The most connections, to clients and to services, that may be open at once; what the system allows when absent. */
  readonly mostConnections?: number;
}

export class Mux {
  readonly #options: MuxOptions;
  readonly #clients = new Set<Client>();
  readonly #dialer: Dialer;
  readonly #upstreams: Upstreams;
  readonly #http: HttpFront;
  readonly #health: Health;
  readonly #limit: Limit;
  readonly #open: OpenConnectionsWatch;
  readonly #context: ConnectionContext;
  readonly #clientHooks: ClientHooks;
  #routesByAddress: ReadonlyMap<string, StreamRoute> = new Map();
  #acceptProxy: ReadonlySet<string>;
  #helloMilliseconds: number;
  /** The addresses that "listening" has told of, and why others are not listened on. */
  #toldAddresses = "";
  readonly #addressProblems = new LastingProblems();
  #table = new RouteTable([]);
  #summaries: readonly RouteSummary[] = [];
  #listeners: Listeners | undefined;
  #onEmpty: (() => void)[] = [];
  #stopped = false;
  #watching = false;

  constructor(options: MuxOptions) {
    this.#options = options;
    this.#acceptProxy = new Set(options.acceptProxy);
    this.#helloMilliseconds = options.helloMilliseconds;
    this.#dialer = new Dialer({
      isOwn: (socket, port) => port === this.port && this.#listensOn(socket.remoteAddress),
      admits: (socket) => this.#limit.admitsService(socket),
      onState: (target, state, reason) => {
        const because = reason === undefined ? {} : { reason };
        options.emit({ type: "target", target: formatTarget(target), state, ...because });
      },
      onPassedOver: (checked) => this.#health.passedOver(checked),
    });
    this.#health = new Health((checked) => probe(checked, this.#dialer, options.trusted));
    this.#limit = new Limit({
      most: options.mostConnections,
      clients: this.#clients,
      ownAddresses: () => this.#routesByAddress.size,
      letGoOfIdle: () => {
        this.#http.letGoOfIdle();
        this.#upstreams.letGoOfIdle();
      },
      emit: options.emit,
    });
    this.#open = new OpenConnectionsWatch(this.#clients, (routes) => options.emit({ type: "open", routes }));
    this.#upstreams = new Upstreams(this.#dialer, options.trusted);
    const site = () => ({ port: this.port, table: this.#table, summaries: this.#summaries });
    this.#http = new HttpFront(new Answerer(site, this.#upstreams));
    this.#context = {
      table: () => this.#table,
      dialer: this.#dialer,
      upstreams: this.#upstreams,
      http: this.#http,
      bridge: new Bridge((name) => this.#hasRoute(name)),
      routeAt: (address) => this.#routesByAddress.get(address),
      believesProxy: (address) => this.#acceptProxy.has(address),
      contextFor: options.contextFor,
      helloMilliseconds: () => this.#helloMilliseconds,
    };
    this.#clientHooks = {
      report: (connection) => options.emit({ type: "connection", connection }),
      onClosed: (client) => this.#forget(client),
    };
  }

  /**
   * Listens, on the addresses of the routes' own as well; rejects with a OneportError (`port-taken`, `port-forbidden`,
   * `listen-failed`). An own address that cannot be had is a `problem` event after the `listening` one. A successor listens
   * beside the process that owns the port, and `lock` makes it the owner.
   */
  async start(port: number, as: "owner" | "successor" = "owner"): Promise<void> {
    if (this.#listeners) throw new OneportError(alreadyStarted);
    const { emit } = this.#options;
    const open = as === "owner" ? Listeners.open : Listeners.beside;
    this.#listeners = await open(port, {
      onSocket: (socket, address) => this.#accept(socket, address),
      onProblem: (problem) => emit({ type: "problem", problem }),
    });
    await this.#followRoutes();
  }

  /** Listens where the routes of now have addresses of their own, and tells what is new of that. */
  async #followRoutes(): Promise<void> {
    const { emit } = this.#options;
    const problems = await this.#listeners?.follow([...this.#routesByAddress.keys()]);
    // Meanwhile it may have been closed.
    if (!problems || !this.#listeners || this.#listeners.isClosed) return;
    const { addresses } = this.#listeners;
    const isNew = addresses.join() !== this.#toldAddresses;
    this.#toldAddresses = addresses.join();
    if (isNew) emit({ type: "listening", port: this.port, addresses });
    for (const problem of this.#addressProblems.fresh(problems)) emit({ type: "problem", problem });
  }

  /** For a successor; rejects with `port-taken` until its predecessor has closed. */
  async lock(): Promise<void> {
    await this.#listeners?.lock();
  }

  /** Before a stop: lets the port go without losing a client, if a successor listens beside. */
  async release(): Promise<void> {
    await this.#listeners?.release();
  }

  /** Swaps the table at once; connections in flight go on as they began. New addresses are listened on soon after. */
  setRoutes(routes: readonly Route[]): void {
    const summaries = summarizeRoutes(routes);
    this.#table = new RouteTable(routes);
    this.#summaries = summaries;
    this.#routesByAddress = byAddress(routes, summaries);
    if (this.#watching) this.#health.watch(routes);
    this.#options.emit({ type: "routes", routes: summaries });
    void this.#followRoutes();
  }

  /** From now on believes the PROXY headers of these IP addresses and of no others. */
  setAcceptProxy(addresses: readonly string[]): void {
    this.#acceptProxy = new Set(addresses);
  }

  /** Holds for connections that come from now on, and for the next step of those that are open. */
  setHelloMilliseconds(milliseconds: number): void {
    this.#helloMilliseconds = milliseconds;
  }

  /** While someone looks, every target is asked now and then whether it is up, and `open` events tell what is open. */
  watch(watching: boolean): void {
    this.#watching = watching;
    this.#health.watch(watching ? this.#table.routes : undefined);
    this.#open.watch(watching);
  }

  /** Asks every target now whether it is up. */
  refresh(): void {
    this.#health.askNow(this.#table.routes);
  }

  /**
   * Accepts nothing more, lets what is open end by itself for so long, then ends it. Fulfilled when nothing is open and every
   * connection has been reported. Called again meanwhile, it ends what is open after the shorter time.
   */
  async stop(graceMilliseconds: number): Promise<void> {
    this.#listeners?.close();
    this.#health.watch(undefined);
    this.#open.watch(false);
    this.#http.drain();
    const timer = setTimeout(() => this.#endClients(), graceMilliseconds);
    await this.#empty();
    clearTimeout(timer);
    if (this.#stopped) return;
    this.#stopped = true;
    this.#upstreams.close();
    this.#options.emit({ type: "stopped" });
  }

  #accept(socket: Socket, address: string): void {
    // It has been reset since it came: there is nobody to serve, and nobody to name to a service.
    if (socket.remoteAddress === undefined) return void socket.destroy();
    if (!this.#limit.admitsClient()) return void socket.resetAndDestroy();
    const client = new Client(socket, address, this.#clientHooks);
    this.#clients.add(client);
    void serveConnection(client, this.#context);
  }

  #hasRoute(name: string): boolean {
    const route = this.#table.match(name);
    return route !== undefined && route !== this.#table.defaultRoute;
  }

  /** 0 until it listens. */
  get port(): number {
    return this.#listeners?.port ?? 0;
  }

  #listensOn(address: string | undefined): boolean {
    const canonical = canonicalAddress(address ?? "");
    return canonical !== undefined && (this.#listeners?.addresses.includes(canonical) ?? false);
  }

  #forget(client: Client): void {
    this.#clients.delete(client);
    this.#limit.left();
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

function byAddress(routes: readonly Route[], summaries: readonly RouteSummary[]): Map<string, StreamRoute> {
  const found = new Map<string, StreamRoute>();
  for (const [at, route] of routes.entries()) {
    const address = summaries[at]?.address;
    if (address !== undefined && isStreamRoute(route)) found.set(address, route);
  }
  return found;
}

const alreadyStarted = {
  code: "already-started",
  message: "This mux has been started already.",
  remedy: "Stop it first.",
};
