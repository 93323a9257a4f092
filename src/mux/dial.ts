/** Opens connections to the services behind: which address, which target of a route, and how long to wait for one. */
import { lookup } from "node:dns/promises";
import net from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { canonicalAddress } from "../core/domain.ts";
import { fail, ok, type Problem, type Result, systemCode } from "../core/errors.ts";
import { formatTarget, type Route, type Target } from "../core/route.ts";
import { UpstreamSocket } from "./upstream-socket.ts";

/** While a service is not up it is tried this often (rule 7). */
const retryMilliseconds = 100;
/** A machine that does not answer at all is given up after this; one that refuses says so at once. */
const connectMilliseconds = 10_000;

export type TargetState = "up" | "down";

export interface DialOptions {
  /** Gives up after this many milliseconds of refusals; 0 tries every target once. */
  readonly holdMilliseconds: number;
  /** Aborted when nobody waits for the connection any more. */
  readonly signal?: AbortSignal;
  /** Each route's targets in the order to try them; the dialer's own turn when absent. */
  readonly order?: readonly Target[];
}

export interface Dialled<S extends net.Socket> {
  readonly socket: S;
  readonly target: Target;
}

export class Dialer {
  readonly #isOwnAddress: (address: string, port: number) => boolean;
  readonly #onState: (target: Target, state: TargetState, reason: string | undefined) => void;
  readonly #states = new Map<string, TargetState>();
  /** The address of "localhost" that answered last, by port: most services listen on one family only. */
  readonly #answered = new Map<string, string>();
  readonly #turns = new WeakMap<Route, number>();

  constructor(
    isOwnAddress: (address: string, port: number) => boolean,
    onState: (target: Target, state: TargetState, reason: string | undefined) => void,
  ) {
    this.#isOwnAddress = isOwnAddress;
    this.#onState = onState;
  }

  /** Takes the route's next turn: its targets beginning with the one whose turn it is, those known down last. */
  order(route: Route): readonly Target[] {
    const { targets } = route;
    if (targets.length === 1) return targets;
    const turn = this.#turns.get(route) ?? 0;
    this.#turns.set(route, (turn + 1) % targets.length);
    const turned = [...targets.slice(turn), ...targets.slice(0, turn)];
    const isDown = (target: Target) => this.#states.get(formatTarget(target)) === "down";
    return [...turned.filter((target) => !isDown(target)), ...turned.filter(isDown)];
  }

  /** A connection for a stream; paused until it is spliced. */
  async dialStream(route: Route, options: DialOptions): Promise<Result<Dialled<UpstreamSocket>>> {
    return this.#dial(route, options, () => new UpstreamSocket());
  }

  /** A connection for Node's HTTP client, which reads it in its own way. */
  async dialPlain(route: Route, options: DialOptions): Promise<Result<Dialled<net.Socket>>> {
    return this.#dial(route, options, () => new net.Socket({ allowHalfOpen: true }));
  }

  async #dial<S extends net.Socket>(
    route: Route,
    { holdMilliseconds, signal, order = this.order(route) }: DialOptions,
    create: () => S,
  ): Promise<Result<Dialled<S>>> {
    const deadline = performance.now() + holdMilliseconds;
    for (;;) {
      const round = await this.#tryEach(order, create, signal);
      if (round.ok || round.error.code === "target-is-mux") return round;
      if (performance.now() + retryMilliseconds > deadline || signal?.aborted) return round;
      await wait(retryMilliseconds, undefined, { ...(signal && { signal }) }).catch(() => undefined);
      if (signal?.aborted) return round;
    }
  }

  async #tryEach<S extends net.Socket>(
    order: readonly Target[],
    create: () => S,
    signal: AbortSignal | undefined,
  ): Promise<Result<Dialled<S>>> {
    let last: Problem | undefined;
    for (const target of order) {
      const tried = await this.#tryTarget(target, create, signal);
      // A try that was broken off says nothing about the service.
      if (!tried.ok && signal?.aborted) return tried;
      this.#note(target, tried.ok ? "up" : "down", tried.ok ? undefined : tried.error.message);
      if (tried.ok) return ok({ socket: tried.value, target });
      last = tried.error;
    }
    return fail(last ?? unreachable("The route has no target.", undefined));
  }

  async #tryTarget<S extends net.Socket>(
    target: Target,
    create: () => S,
    signal: AbortSignal | undefined,
  ): Promise<Result<S>> {
    let refusal: unknown;
    try {
      for (const address of await this.#addressesOf(target)) {
        try {
          const socket = await connect(create(), address, target.port, signal);
          if (this.#isOwnAddress(canonicalAddress(socket.remoteAddress ?? "") ?? address, target.port)) {
            socket.destroy();
            return fail(ownAddress(target));
          }
          this.#answered.set(`${target.host}:${target.port}`, address);
          return ok(socket);
        } catch (error) {
          refusal = error;
        }
      }
    } catch (error) {
      refusal = error;
    }
    return fail(unreachable(`${formatTarget(target)} is not up: ${reasonOf(refusal)}.`, target));
  }

  /** Literals as they are, so that no look-up is made; "localhost" means both families, whatever the hosts file says. */
  async #addressesOf({ host, port }: Target): Promise<readonly string[]> {
    if (net.isIP(host) !== 0) return [host];
    const found =
      host === "localhost"
        ? ["127.0.0.1", "::1"]
        : (await lookup(host, { all: true })).map(({ address }) => address);
    const first = this.#answered.get(`${host}:${port}`);
    return first !== undefined && found.includes(first)
      ? [first, ...found.filter((a) => a !== first)]
      : found;
  }

  #note(target: Target, state: TargetState, reason: string | undefined): void {
    const name = formatTarget(target);
    if (this.#states.get(name) === state) return;
    this.#states.set(name, state);
    this.#onState(target, state, reason);
  }
}

function connect<S extends net.Socket>(
  socket: S,
  host: string,
  port: number,
  signal: AbortSignal | undefined,
): Promise<S> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const timer = setTimeout(() => {
      socket.destroy(new Error(`no answer within ${connectMilliseconds / 1000} s`));
    }, connectMilliseconds);
    const abort = () => socket.destroy(new Error("nobody waits for it any more"));
    signal?.addEventListener("abort", abort);
    const settled = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    };
    socket.once("error", (error) => {
      settled();
      reject(error);
    });
    // From here on errors are no news to the dialer; "close" follows them for whoever holds the socket.
    socket.on("error", () => undefined);
    socket.once("connect", () => {
      settled();
      // Node does not heed `noDelay` among the options of `connect`.
      socket.setNoDelay(true);
      socket.setKeepAlive(true, 60_000);
      resolve(socket);
    });
    socket.connect({ host, port, autoSelectFamily: false });
  });
}

function reasonOf(error: unknown): string {
  switch (systemCode(error)) {
    case "ECONNREFUSED":
      return "nothing listens there";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "its name does not resolve";
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "there is no way to that machine";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

function unreachable(message: string, target: Target | undefined): Problem {
  const where = target ? ` on port ${target.port}` : "";
  return {
    code: "target-down",
    message,
    remedy: `Start the service${where}, or correct the route's target.`,
  };
}

function ownAddress(target: Target): Problem {
  return {
    code: "target-is-mux",
    message: `${formatTarget(target)} is Oneport itself: the connection would go round in circles.`,
    remedy: "Give the route the port that the service itself listens on.",
  };
}
