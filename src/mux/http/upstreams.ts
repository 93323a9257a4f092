/** Connections to HTTP services, kept between requests: Node's pool, fed by our own dialer. */
import http from "node:http";
import type net from "node:net";
import type { Duplex } from "node:stream";
import { ok, type Result } from "../../core/errors.ts";
import { formatTarget, type Route, schemes, type Target } from "../../core/route.ts";
import type { Dialer, DialOptions } from "../dial.ts";
import { secure } from "../secure.ts";

/** As large as the head of an answer may be; Node's own limit is smaller than what services with many cookies send. */
export const maxHeaderSize = 64 * 1024;

/** A connection to send one request on: one that was kept, or one made for it. */
export interface Connection {
  readonly target: Target;
  readonly fresh: net.Socket | undefined;
}

export interface FreshConnection extends Connection {
  readonly fresh: net.Socket;
  /** The TCP socket under `fresh`, or that itself: the one that a reset goes out on. */
  readonly raw: net.Socket;
}

interface PooledOptions extends http.RequestOptions {
  readonly key: string;
  readonly fresh: net.Socket | undefined;
}

export class Upstreams {
  readonly #dialer: Dialer;
  readonly #trusted: () => string[];
  readonly #agent = new Pool({ keepAlive: true, maxFreeSockets: 256, scheduling: "lifo" });

  /** `trusted` gives the certificates that services with TLS may be signed by, in PEM. */
  constructor(dialer: Dialer, trusted: () => string[]) {
    this.#dialer = dialer;
    this.#trusted = trusted;
  }

  /** Takes the route's next turn. */
  order(route: Route): readonly Target[] {
    return this.#dialer.order(route);
  }

  /** The kept connection to a target, if there is one: for a request made at once, before somebody else takes it. */
  kept(target: Target | undefined, route: Route): Connection | undefined {
    if (!target || !this.#agent.hasFree(keyOf(target, route))) return undefined;
    return { target, fresh: undefined };
  }

  /** Rejects with nothing: what cannot be reached is a Problem (`target-down`, `target-untrusted`, …). */
  async connect(route: Route, options: DialOptions): Promise<Result<FreshConnection>> {
    const dialled = await this.#dialer.dialPlain(route, options);
    if (!dialled.ok) return dialled;
    const { socket, target } = dialled.value;
    if (!schemes[target.scheme].tls) return ok({ target, fresh: socket, raw: socket });
    const trusted = route.insecureUpstream ? undefined : this.#trusted();
    const secured = await secure(socket, target, trusted, options.waiting);
    return secured.ok ? ok({ target, fresh: secured.value, raw: socket }) : secured;
  }

  /** Sends a request's head on the connection, which goes back to the pool when the answer is whole. */
  request(
    route: Route,
    { target, fresh }: Connection,
    options: { readonly method: string; readonly path: string; readonly headers: readonly string[] },
  ): http.ClientRequest {
    const pooled: PooledOptions = {
      ...options,
      agent: this.#agent,
      key: keyOf(target, route),
      fresh,
      setHost: false,
      maxHeaderSize,
    };
    const request = http.request(pooled);
    // Beyond a count Node drops headers without a word; their size is the limit.
    request.maxHeadersCount = 0;
    // A connection may have come free while this one was made: the pool prefers it.
    if (fresh && request.reusedSocket) fresh.destroy();
    return request;
  }

  /** Ends the connections that carry nothing just now. */
  letGoOfIdle(): void {
    this.#agent.letGoOfIdle();
  }

  close(): void {
    this.#agent.destroy();
  }
}

class Pool extends http.Agent {
  hasFree(key: string): boolean {
    return this.freeSockets[key]?.some((socket) => !socket.destroyed) ?? false;
  }

  letGoOfIdle(): void {
    for (const sockets of Object.values(this.freeSockets))
      for (const socket of sockets ?? []) socket.destroy();
  }

  override getName(options?: PooledOptions): string {
    return options?.key ?? "";
  }

  override createConnection(options: PooledOptions): Duplex {
    if (!options.fresh) throw new Error("A kept connection was to be used at once.");
    return options.fresh;
  }
}

/** Connections that were accepted with any certificate are never lent to a route that asks for a good one. */
export function keyOf(target: Target, route: Route): string {
  return `${formatTarget(target)} ${route.insecureUpstream}`;
}
