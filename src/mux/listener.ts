/** Owns the listening sockets: the same port on every address of ours, and the lock that lets one process alone have it. */
import type net from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { OneportError, type Problem, problemOf } from "../core/errors.ts";
import { type ListenOptions, listen, portOf } from "./listen.ts";

const loopback = ["127.0.0.1", "::1"] as const;

/**
 * Who has the port on the first of these addresses that the machine has owns the mux. On Linux that is one which no route
 * ever gets; for there the other sockets are shared: a successor listens before its predecessor closes, and no client is
 * refused between the two. Elsewhere a port cannot be shared, and 127.0.0.1 itself is the lock.
 */
const lockAddresses = process.platform === "linux" ? ["127.77.0.0", loopback[0]] : [loopback[0]];

/** A port that is free on one address may be taken on the other: then another one is as good. */
const freePortTries = 5;

/**
 * Closing a listening socket resets who waits in the kernel's queue for it or is still shaking hands. So a moment is looked for in
 * which nobody has come for a while; the longer that takes, the shorter a while will do.
 */
const quietMilliseconds = 5;
const quietTurns = 6;
const slowTurnMilliseconds = 0.3;
const mostQuietMilliseconds = 250;

type Handlers = Omit<ListenOptions, "isShared">;

export class Listeners {
  readonly #handlers: Handlers;
  readonly #common = new Map<string, net.Server>();
  readonly #own = new Map<string, net.Server>();
  #port = 0;
  #lock: net.Server | undefined;
  #isShared = true;
  #wanted: ReadonlySet<string> = new Set();
  /** One change after another: an address that is being taken can be neither given up nor taken again. */
  #changes: Promise<readonly Problem[]> = Promise.resolve([]);
  #isClosed = false;
  #accepted = 0;

  private constructor({ onSocket, onProblem }: Handlers) {
    const counted = (socket: net.Socket, address: string) => {
      this.#accepted++;
      onSocket(socket, address);
    };
    this.#handlers = { onSocket: counted, onProblem };
  }

  /**
   * Locks the port and listens on 127.0.0.1 and, where the machine has it, ::1. Port 0 is any free one.
   * Rejects with `port-taken`, `port-forbidden` or `listen-failed`.
   */
  static async open(port: number, handlers: Handlers): Promise<Listeners> {
    for (let tries = port === 0 ? freePortTries : 1; ; tries--) {
      const listeners = new Listeners(handlers);
      try {
        await listeners.#takeLock(port);
        await listeners.#refuseStrangers();
        await listeners.#listen();
        return listeners;
      } catch (error) {
        listeners.close();
        if (tries === 1) throw error;
      }
    }
  }

  /**
   * Listens beside the process that owns the port and will close soon; `lock` makes these the owner's. Rejects with
   * `port-taken` where the system cannot do that.
   */
  static async beside(port: number, handlers: Handlers): Promise<Listeners> {
    const listeners = new Listeners(handlers);
    listeners.#port = port;
    try {
      await listeners.#listen();
      return listeners;
    } catch (error) {
      listeners.close();
      throw error;
    }
  }

  /** Rejects with `port-taken` while another process has the lock. */
  async lock(): Promise<void> {
    if (!this.#lock) await this.#takeLock(this.#port);
  }

  get port(): number {
    return this.#port;
  }

  /**
   * Listens on these addresses, those of routes of their own, beside the common ones, and no longer on those it had before.
   * Fulfilled with why an address cannot be had; the others stand.
   */
  follow(addresses: readonly string[]): Promise<readonly Problem[]> {
    if (!this.#isClosed) this.#wanted = new Set(addresses);
    this.#changes = this.#changes.then(() => this.#change());
    return this.#changes;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get addresses(): string[] {
    return [...this.#common.keys(), ...this.#own.keys()];
  }

  /** Accepts nothing more; what was accepted lives on. The lock goes last: who gets it finds the port free. */
  close(): void {
    for (const server of this.#common.values()) server.close();
    void this.follow([]);
    this.#isClosed = true;
    this.#lock?.close();
  }

  /** As `close`, but those whom the kernel has answered already are accepted before: for a successor that listens beside. */
  async release(): Promise<void> {
    await this.#changes;
    await this.#quiet();
    for (const server of this.#own.values()) server.close();
    this.#own.clear();
    this.close();
  }

  async #takeLock(port: number): Promise<void> {
    for (const address of lockAddresses) {
      const isService = address === loopback[0];
      const onSocket = isService ? this.#handlers.onSocket : (socket: net.Socket) => void socket.destroy();
      const server = await listenIfThere(address, port, { ...this.#handlers, onSocket, isShared: false });
      if (!server) continue;
      this.#lock = server;
      this.#port = portOf(server);
      this.#isShared = !isService;
      if (isService) this.#common.set(address, server);
      return;
    }
    throw new OneportError(noLoopback);
  }

  /** A stranger that shares its sockets as well would not be noticed by sharing ours: listens alone for a moment. */
  async #refuseStrangers(): Promise<void> {
    if (!this.#isShared) return;
    for (const address of loopback) {
      const server = await listenIfThere(address, this.#port, { ...this.#handlers, isShared: false });
      server?.close();
    }
  }

  async #listen(): Promise<void> {
    for (const address of loopback) {
      if (this.#common.has(address)) continue;
      const server = await listenIfThere(address, this.#port, this.#options);
      if (server) this.#common.set(address, server);
    }
  }

  async #change(): Promise<Problem[]> {
    for (const [address, server] of this.#own) {
      if (this.#wanted.has(address)) continue;
      this.#own.delete(address);
      server.close();
    }
    const missing = [...this.#wanted].filter((address) => !this.#own.has(address));
    const problems = await Promise.all(missing.map((address) => this.#add(address)));
    return problems.flatMap((problem) => problem ?? []);
  }

  async #add(address: string): Promise<Problem | undefined> {
    try {
      this.#own.set(address, await listen(address, this.#port, this.#options));
      return undefined;
    } catch (error) {
      return problemOf(error);
    }
  }

  get #options(): ListenOptions {
    return { ...this.#handlers, isShared: this.#isShared };
  }

  /**
   * A turn of the event loop in which nobody came has found the queue empty: libuv asks every listening socket in each. A slow one
   * says nothing, because somebody may have come since it asked.
   */
  async #quiet(): Promise<void> {
    const begin = performance.now();
    let lastCame = begin;
    for (let turns = 0, now = begin; ; ) {
      const before = { accepted: this.#accepted, now };
      await nextTurn();
      now = performance.now();
      const patience = 1 - (now - begin) / mostQuietMilliseconds;
      if (this.#accepted !== before.accepted) lastCame = now;
      turns = lastCame === now || now - before.now > slowTurnMilliseconds ? 0 : turns + 1;
      if (turns >= quietTurns && now - lastCame >= patience * quietMilliseconds) return;
      if (patience <= 0 && (turns > 0 || patience < -1)) return;
    }
  }
}

/** Nothing when the machine lacks that address. */
async function listenIfThere(
  address: string,
  port: number,
  options: ListenOptions,
): Promise<net.Server | undefined> {
  try {
    return await listen(address, port, options);
  } catch (error) {
    if (problemOf(error).code === "address-missing") return undefined;
    throw error;
  }
}

const noLoopback = {
  code: "listen-failed",
  message: "The machine has no loopback address to listen on.",
  remedy: "Bring the loopback interface up.",
};
