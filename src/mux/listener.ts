/** Owns the listening sockets: the same port on every address of ours. */
import net from "node:net";
import { OneportError, type Problem, problemOf, systemCode } from "../core/errors.ts";

const loopback = ["127.0.0.1", "::1"] as const;

/** What "auto" stands for: the port browsers leave out, else the usual one beside it. */
const automaticPorts = [443, 8443] as const;

/** A port that is free on one address may be taken on the other: then another one is as good. */
const freePortTries = 5;

interface Handlers {
  /** Takes over a connection, which is paused. */
  readonly onSocket: (socket: net.Socket) => void;
  /** Hears why a connection could not be accepted; the listeners live on. */
  readonly onProblem: (problem: Problem) => void;
}

export class Listeners {
  readonly port: number;
  readonly #shared: ReadonlyMap<string, net.Server>;
  readonly #own = new Map<string, net.Server>();
  readonly #handlers: Handlers;
  #wanted: ReadonlySet<string> = new Set();
  /** One change after another: an address that is being taken can be neither given up nor taken again. */
  #changes = Promise.resolve();
  #isClosed = false;

  private constructor(port: number, shared: ReadonlyMap<string, net.Server>, handlers: Handlers) {
    this.port = port;
    this.#shared = shared;
    this.#handlers = handlers;
  }

  /**
   * Listens on 127.0.0.1 and, where the machine has it, ::1. Port 0 is any free one.
   * Rejects with `port-taken`, `port-forbidden` or `listen-failed`.
   */
  static async open(port: number | "auto", handlers: Handlers): Promise<Listeners> {
    if (port !== "auto") return openAt(port, port === 0 ? freePortTries : 1);
    for (const candidate of automaticPorts.slice(0, -1)) {
      try {
        return await openAt(candidate, 1);
      } catch {
        // The system refuses this one or somebody has it: that is what the next is for.
      }
    }
    return openAt(automaticPorts[1], 1);

    async function openAt(wanted: number, tries: number): Promise<Listeners> {
      try {
        const servers = await listenOnLoopback(wanted, handlers);
        return new Listeners(portOf(servers), servers, handlers);
      } catch (error) {
        if (tries === 1) throw error;
        return openAt(wanted, tries - 1);
      }
    }
  }

  /**
   * Listens on these addresses, those of routes of their own, beside the shared ones, and no longer on those it had before.
   * An address that cannot be had is told to `onProblem`; the others stand.
   */
  follow(addresses: readonly string[]): Promise<void> {
    if (!this.#isClosed) this.#wanted = new Set(addresses);
    this.#changes = this.#changes.then(() => this.#change());
    return this.#changes;
  }

  get addresses(): string[] {
    return [...this.#shared.keys(), ...this.#own.keys()];
  }

  async #change(): Promise<void> {
    for (const [address, server] of this.#own) {
      if (this.#wanted.has(address)) continue;
      this.#own.delete(address);
      server.close();
    }
    const missing = [...this.#wanted].filter((address) => !this.#own.has(address));
    await Promise.all(missing.map((address) => this.#add(address)));
  }

  async #add(address: string): Promise<void> {
    try {
      const server = await listen(address, this.port, this.#handlers);
      if (server) this.#own.set(address, server);
    } catch (error) {
      this.#handlers.onProblem(problemOf(error));
    }
  }

  /** Accepts nothing more; what was accepted lives on. */
  close(): void {
    for (const server of this.#shared.values()) server.close();
    void this.follow([]);
    this.#isClosed = true;
  }
}

async function listenOnLoopback(port: number, handlers: Handlers): Promise<Map<string, net.Server>> {
  const servers = new Map<string, net.Server>();
  try {
    for (const address of loopback) {
      // With port 0 the first address finds the free port and the second takes the same.
      const wanted = servers.size === 0 ? port : portOf(servers);
      const server = await listen(address, wanted, handlers);
      if (server) servers.set(address, server);
    }
    return servers;
  } catch (error) {
    for (const server of servers.values()) server.close();
    throw error;
  }
}

/** Nothing when the machine lacks IPv6; that one address may be missing. */
async function listen(
  address: string,
  port: number,
  { onSocket, onProblem }: Handlers,
): Promise<net.Server | undefined> {
  const server = net.createServer(
    {
      allowHalfOpen: true,
      pauseOnConnect: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
    },
    onSocket,
  );
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: address, port, exclusive: true, backlog: 1024 }, () => {
        server.off("error", reject);
        server.on("error", (error) => onProblem(acceptProblem(error)));
        resolve();
      });
    });
    return server;
  } catch (error) {
    const code = systemCode(error);
    if (address === "::1" && (code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT")) return undefined;
    throw listenError(error, code, address, port);
  }
}

function listenError(error: unknown, code: string | undefined, address: string, port: number): OneportError {
  const where = `${address.includes(":") ? `[${address}]` : address}:${port}`;
  switch (code) {
    case "EADDRINUSE":
      return new OneportError({
        code: "port-taken",
        message: `Port ${port} is taken: something else listens on ${where}.`,
        remedy: `End the program that holds it, or choose another port in "oneport.port".`,
      });
    case "EADDRNOTAVAIL":
      return new OneportError({
        code: "address-missing",
        message: `This machine has no address ${address}.`,
        remedy: `On macOS, add it with "sudo ifconfig lo0 alias ${address}"; its route works by TLS and SNI meanwhile.`,
      });
    case "EACCES":
    case "EPERM":
      return new OneportError({
        code: "port-forbidden",
        message: `The system does not let this user listen on port ${port}.`,
        remedy: `Choose a port above 1023 in "oneport.port", or "auto".`,
      });
    default:
      return new OneportError(
        {
          code: "listen-failed",
          message: `Could not listen on ${where}: ${error instanceof Error ? error.message : String(error)}.`,
          remedy: `Check that the loopback interface is up, or choose another port in "oneport.port".`,
        },
        { cause: error },
      );
  }
}

function acceptProblem(error: Error): Problem {
  return {
    code: "accept-failed",
    message: `A connection could not be accepted: ${error.message}.`,
    remedy: "If it happens again, close programs that hold many files or connections open.",
  };
}

function portOf(servers: ReadonlyMap<string, net.Server>): number {
  for (const server of servers.values()) {
    const bound = server.address();
    if (bound !== null && typeof bound === "object") return bound.port;
  }
  throw new OneportError({
    code: "listen-failed",
    message: "The machine has no loopback address to listen on.",
    remedy: "Bring the loopback interface up.",
  });
}
