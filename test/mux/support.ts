/** What the mux tests share: a mux on a free port, services behind it, and events to wait for. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemCode } from "../../src/core/errors.ts";
import type { ConnectionReport, MuxEvent } from "../../src/core/events.ts";
import { parseRoutes } from "../../src/core/route.ts";
import { Mux, type MuxOptions } from "../../src/mux/mux.ts";
import { Certificates } from "../../src/platform/certificates.ts";

type EventOf<T extends MuxEvent["type"]> = Extract<MuxEvent, { type: T }>;

export interface TestMux extends AsyncDisposable {
  readonly port: number;
  /** PEM of the authority's root, for `ca`. */
  readonly root: string;
  readonly rootFile: string;
  readonly events: readonly MuxEvent[];
  setRoutes(routes: Record<string, unknown>): void;
  setAcceptProxy(addresses: readonly string[]): void;
  watch(watching: boolean): void;
  /** The loopback address of a domain's own, by the routes of just now. */
  addressOf(domain: string): string;
  /** The first event of a type that fits, past ones included. */
  event<T extends MuxEvent["type"]>(type: T, fits?: (event: EventOf<T>) => boolean): Promise<EventOf<T>>;
  /** The report of a connection that fits, past ones included. */
  report(fits: (report: ConnectionReport) => boolean): Promise<ConnectionReport>;
  stop(graceMilliseconds: number): Promise<void>;
}

interface TestOptions {
  readonly helloMilliseconds?: number;
  readonly trusted?: string[];
  readonly acceptProxy?: readonly string[];
  readonly mostConnections?: number;
  /** In place of certificates of the authority. */
  readonly contextFor?: MuxOptions["contextFor"];
}

/**
 * A mux on a free port with routes as in `oneport.routes`, whose own addresses are listened on already. A mistake in the
 * routes fails the test.
 */
export async function startMux(
  routes: Record<string, unknown>,
  { helloMilliseconds = 10_000, trusted, ...options }: TestOptions = {},
): Promise<TestMux> {
  const directory = await mkdtemp(join(tmpdir(), "oneport-mux-"));
  const certificates = new Certificates(directory, { mode: "authority", files: [] });
  const rootFile = await certificates.rootCertificateFile();
  const root = await readFile(rootFile, "utf8");
  const events: MuxEvent[] = [];
  const waiting = new Set<() => void>();
  const mux = new Mux({
    emit: (event) => {
      events.push(event);
      for (const look of waiting) look();
    },
    contextFor: (name) => certificates.contextFor(name),
    trusted: () => trusted ?? [root],
    helloMilliseconds,
    ...options,
  });
  setRoutes(routes);
  await mux.start(0);
  const listening = events.find((event) => event.type === "listening");
  if (!listening) throw new Error("The mux started without saying so.");

  function setRoutes(written: Record<string, unknown>): void {
    const parsed = parseRoutes(written);
    if (parsed.problems.length > 0) throw new Error(parsed.problems.map(({ message }) => message).join(" "));
    mux.setRoutes(parsed.routes);
  }

  function event<T extends MuxEvent["type"]>(type: T, fits: (event: EventOf<T>) => boolean = () => true) {
    const isOf = (candidate: MuxEvent): candidate is EventOf<T> => candidate.type === type;
    const isIt = (candidate: MuxEvent): candidate is EventOf<T> => isOf(candidate) && fits(candidate);
    return new Promise<EventOf<T>>((resolve) => {
      const look = () => {
        const found = events.find(isIt);
        if (!found) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  }

  function addressOf(domain: string): string {
    const told = events.findLast((event) => event.type === "routes");
    const address = told?.routes.find((route) => route.domain === domain)?.address;
    if (address === undefined) throw new Error(`${domain} has no address.`);
    return address;
  }

  return {
    port: listening.port,
    root,
    rootFile,
    events,
    setRoutes,
    setAcceptProxy: (addresses) => mux.setAcceptProxy(addresses),
    watch: (watching) => mux.watch(watching),
    addressOf,
    event,
    report: async (fits) => (await event("connection", ({ connection }) => fits(connection))).connection,
    stop: (graceMilliseconds) => mux.stop(graceMilliseconds),
    async [Symbol.asyncDispose]() {
      await mux.stop(0);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export interface Service extends AsyncDisposable {
  readonly port: number;
  /** The sockets that are open now. */
  readonly sockets: ReadonlySet<net.Socket>;
}

/** A TCP service; every socket it still has is destroyed when it goes. */
export async function startTcp(
  onSocket: (socket: net.Socket) => void,
  { host = "127.0.0.1", port = 0 } = {},
): Promise<Service> {
  return listen(net.createServer({ allowHalfOpen: true }, onSocket), host, port);
}

/** An HTTP service. */
export async function startHttp(
  onRequest: http.RequestListener,
  { host = "127.0.0.1", port = 0 } = {},
): Promise<Service & { readonly server: http.Server }> {
  const server = http.createServer(onRequest);
  return Object.assign(await listen(server, host, port), { server });
}

export async function listen(server: net.Server, host: string, port: number): Promise<Service> {
  const sockets = new Set<net.Socket>();
  server.on("connection", (socket: net.Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("No port.");
  return {
    port: address.port,
    sockets,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Each file of tests is a process with ports of its own: two never have the same one. Those of `test/sample` are none of them. */
const portsEach = 32;
const firstPort = 10_000 + (process.pid % 500) * portsEach;
let portsGiven = 0;

/** A port that is free on every address; below those that the system gives out by itself, so that it stays free. */
export async function freePort(): Promise<number> {
  const port = firstPort + (portsGiven++ % portsEach);
  try {
    await using _taken = await startTcp(() => undefined, { host: "0.0.0.0", port });
    return port;
  } catch (error) {
    if (systemCode(error) === "EADDRINUSE") return freePort();
    throw error;
  }
}
