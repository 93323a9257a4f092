/** How many connections may be open at once, to clients and to services, so that descriptors never run out. */
import { readdirSync } from "node:fs";
import type net from "node:net";
import type { MuxEvent } from "../core/events.ts";

/** For listeners, files, name look-ups and everything else that shares the process. */
const reserve = 64;
const mostReservedShare = 0.25;
/** At least so many of the reserve are for what is opened later, and for a short time. */
const spare = 16;
/** Beyond this the limit would only say how much memory there is. */
const mostConnections = 131_072;
/** A client's own connection, and one to its service: without the second the first is of no use. */
const fewestConnections = 2;

interface Report {
  readonly userLimits?: { readonly open_files?: { readonly soft?: unknown } };
}

/** It is over only when so much is free again: not with each connection that comes and goes. */
const relief = 0.9;

interface LimitOptions {
  /** What the system's limit on open files leaves, when absent. */
  readonly most: number | undefined;
  /** How many addresses of routes' own are listened on: each takes a descriptor. */
  readonly ownAddresses: () => number;
  /** Those that are connected now. */
  readonly clients: ReadonlySet<unknown>;
  /** Ends connections to services that carry nothing; called when there is no room. */
  readonly letGoOfIdle: () => void;
  readonly emit: (event: MuxEvent) => void;
}

export class Limit {
  readonly #mostFiles = openFileLimit();
  readonly #openBefore = filesOpen();
  readonly #options: LimitOptions;
  readonly #toServices = new Set<net.Socket>();
  #turnedAway = 0;
  #isOver = false;

  constructor(options: LimitOptions) {
    this.#options = options;
  }

  /** Whether another client may join, with a connection to a service for each; one that may not is counted. */
  admitsClient(): boolean {
    return this.#admits(() => this.#wanted + fewestConnections <= this.#most);
  }

  /**
   * Whether `socket` may be connected to a service; one that may not is counted. One client can ask for many: each stream of
   * HTTP/2 may take one.
   */
  admitsService(socket: net.Socket): boolean {
    if (!this.#admits(() => this.#open < this.#most)) return false;
    this.#toServices.add(socket);
    // It comes once, and `once` would keep a wrapper as long as the connection is open.
    socket.on("close", () => {
      this.#toServices.delete(socket);
      this.left();
    });
    return true;
  }

  /** A connection has closed. */
  left(): void {
    if (this.#isOver && this.#wanted < this.#most * relief) this.#tell(false);
  }

  get #most(): number {
    const { most, ownAddresses } = this.#options;
    return most ?? connectionLimit(this.#mostFiles, this.#openBefore + ownAddresses());
  }

  get #open(): number {
    return this.#options.clients.size + this.#toServices.size;
  }

  /** What is open, and what clients without a connection to a service can still ask for. */
  get #wanted(): number {
    const { size } = this.#options.clients;
    return size + Math.max(size, this.#toServices.size);
  }

  #admits(hasRoom: () => boolean): boolean {
    if (hasRoom()) return true;
    this.#options.letGoOfIdle();
    // Their descriptors are free already; "close" follows later.
    for (const socket of this.#toServices) if (socket.destroyed) this.#toServices.delete(socket);
    if (hasRoom()) return true;
    this.#turnedAway++;
    if (!this.#isOver) this.#tell(true);
    return false;
  }

  #tell(isOver: boolean): void {
    this.#isOver = isOver;
    this.#options.emit({ type: "overload", isOver, limit: this.#most, turnedAway: this.#turnedAway });
  }
}

/** What may be open of so many files, in connections, where `others` are open for something else. */
export function connectionLimit(openFiles: number, others: number): number {
  const usual = Math.min(reserve, Math.floor(openFiles * mostReservedShare));
  const reserved = Math.max(usual, others + spare);
  return Math.max(fewestConnections, Math.min(mostConnections, openFiles - reserved));
}

/** The system's limit for this process; where it tells none there is none. */
function openFileLimit(): number {
  const report: Report = process.report.getReport();
  const soft = report.userLimits?.open_files?.soft;
  const limit = typeof soft === "string" ? Number(soft) : soft;
  return typeof limit === "number" && limit > 0 ? limit : Number.POSITIVE_INFINITY;
}

/** How many this process has; where the system does not list them, none are known. */
function filesOpen(): number {
  try {
    return readdirSync("/dev/fd").length;
  } catch {
    return 0;
  }
}
