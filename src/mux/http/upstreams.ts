/** Connections to HTTP services, kept between requests: Node's pool, fed by our own dialer. */
import http from "node:http";
import net from "node:net";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import { fail, ok, type Problem, type Result, systemCode } from "../../core/errors.ts";
import { formatTarget, type Route, type Target } from "../../core/route.ts";
import type { Dialer } from "../dial.ts";

/** A connection to send one request on: one that was kept, or one made for it. */
export interface Connection {
  readonly target: Target;
  readonly fresh: net.Socket | undefined;
}

export interface ConnectOptions {
  readonly holdMilliseconds: number;
  readonly signal: AbortSignal;
  /** A kept connection will not do: one has just failed, or it will be handed over. */
  readonly fresh: boolean;
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

  /** Rejects with nothing: what cannot be reached is a Problem (`target-down`, `target-untrusted`, …). */
  async connect(
    route: Route,
    { holdMilliseconds, signal, fresh }: ConnectOptions,
  ): Promise<Result<Connection>> {
    const order = this.#dialer.order(route);
    const [first] = order;
    if (!fresh && first && this.#agent.hasFree(keyOf(first, route)))
      return ok({ target: first, fresh: undefined });
    const dialled = await this.#dialer.dialPlain(route, { holdMilliseconds, signal, order });
    if (!dialled.ok) return dialled;
    const { socket, target } = dialled.value;
    if (!isSecure(target)) return ok({ target, fresh: socket });
    const secured = await secure(socket, target, route.insecureUpstream ? undefined : this.#trusted());
    return secured.ok ? ok({ target, fresh: secured.value }) : secured;
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
    };
    const request = http.request(pooled);
    // A connection may have come free while this one was made: the pool prefers it.
    if (fresh && request.reusedSocket) fresh.destroy();
    return request;
  }

  close(): void {
    this.#agent.destroy();
  }
}

class Pool extends http.Agent {
  hasFree(key: string): boolean {
    return (this.freeSockets[key]?.length ?? 0) > 0;
  }

  override getName(options?: PooledOptions): string {
    return options?.key ?? "";
  }

  override createConnection(options: PooledOptions): Duplex {
    if (!options.fresh) throw new Error("The kept connection went away.");
    return options.fresh;
  }
}

/** Connections that were accepted with any certificate are never lent to a route that asks for a good one. */
function keyOf(target: Target, route: Route): string {
  return `${formatTarget(target)} ${route.insecureUpstream}`;
}

function isSecure({ scheme }: Target): boolean {
  return scheme === "https" || scheme === "wss";
}

/** TLS to a service; `trusted` is undefined where any certificate will do. */
function secure(
  socket: net.Socket,
  target: Target,
  trusted: string[] | undefined,
): Promise<Result<tls.TLSSocket, Problem>> {
  return new Promise((resolve) => {
    const secured = tls.connect({
      socket,
      ...(net.isIP(target.host) === 0 && { servername: target.host }),
      ...(trusted ? { ca: trusted } : { rejectUnauthorized: false }),
      ALPNProtocols: ["http/1.1"],
    });
    secured.once("secureConnect", () => resolve(ok(secured)));
    secured.on("error", (error) => {
      secured.destroy();
      resolve(fail(handshakeProblem(error, target)));
    });
  });
}

function handshakeProblem(error: Error, target: Target): Problem {
  const where = formatTarget(target);
  if (systemCode(error)?.startsWith("ERR_SSL_")) {
    return {
      code: "target-not-tls",
      message: `The TLS handshake with ${where} failed: ${error.message}.`,
      remedy: `Check that the service speaks TLS on port ${target.port}; if it does not, write http:// in place of https://.`,
    };
  }
  return {
    code: "target-untrusted",
    message: `The certificate of ${where} is not trusted: ${error.message}.`,
    remedy: `Give the service a certificate for ${target.host} from a trusted authority, or set "insecureUpstream": true on the route.`,
  };
}
