/** Opens connections to the services behind: which address, which target of a route, and how long to wait for one. */
import { lookup } from "node:dns/promises";
import net from "node:net";
import { fail, ok, type Problem, type Result } from "../core/errors.ts";
import { formatTarget, type Route, type Target } from "../core/route.ts";
import { connect, ownAddress, unreachable } from "./connect.ts";
import type { Checked } from "./health.ts";
import { UpstreamSocket } from "./upstream-socket.ts";
import { Waiting } from "./waiting.ts";

/** While a service is not up it is tried this often (rule 7). */
const retryMilliseconds = 100;

type TargetState = "up" | "down";

/** `unwell`: it takes connections, and answers badly. To the world that is down, and a connection alone does not lift it. */
type Found = TargetState | "unwell";

const tells: { readonly [F in Found]: TargetState } = { up: "up", down: "down", unwell: "down" };

export interface DialOptions {
  /** Gives up after this many milliseconds of refusals; 0 tries every target once. */
  readonly holdMilliseconds: number;
  /** Over when nobody waits for the connection any more. */
  readonly waiting: Waiting;
  /** Each route's targets in the order to try them; the dialer's own turn when absent. */
  readonly order?: readonly Target[];
}

export interface Dialled<S extends net.Socket> {
  readonly socket: S;
  readonly target: Target;
}

export interface DialHooks {
  /** Whether the mux itself is on the other side. */
  readonly isOwn: (socket: net.Socket, port: number) => boolean;
  readonly onState: (target: Target, state: TargetState, reason: string | undefined) => void;
  /** A connection goes to another target of its route, because this one was down when last seen. */
  readonly onPassedOver: (checked: Checked) => void;
}

export class Dialer {
  readonly #hooks: DialHooks;
  readonly #found = new Map<string, Found>();
  /** The address of "localhost" that answered last, by port: most services listen on one family only. */
  readonly #answered = new Map<string, string>();
  readonly #turns = new WeakMap<Route, number>();
  /** The try that is under way for a route whose service is not up; it tells whether that came. */
  readonly #retries = new Map<Route, Promise<boolean>>();

  constructor(hooks: DialHooks) {
    this.#hooks = hooks;
  }

  /** Takes the route's next turn: those not known down, beginning with the one whose turn it is, and then the others. */
  order(route: Route): readonly Target[] {
    const { targets } = route;
    if (targets.length === 1) return targets;
    const turn = this.#turns.get(route) ?? 0;
    this.#turns.set(route, turn + 1);
    const isDown = (target: Target) => (this.#found.get(formatTarget(target)) ?? "up") !== "up";
    const down = targets.filter(isDown);
    for (const target of down) this.#hooks.onPassedOver({ target, route });
    const up = targets.filter((target) => !isDown(target));
    const first = up.length > 0 ? turn % up.length : 0;
    return [...up.slice(first), ...up.slice(0, first), ...down];
  }

  /** A connection to one target, to see whether it is there. */
  check(target: Target): Promise<Result<net.Socket>> {
    return this.#tryTarget(target, () => new net.Socket(), new Waiting());
  }

  /** Remembers what was found of a target, and tells it if that is news. */
  note(target: Target, found: Found, reason: string | undefined): void {
    const name = formatTarget(target);
    const before = this.#found.get(name);
    this.#found.set(name, found);
    if (before && tells[before] === tells[found]) return;
    this.#hooks.onState(target, tells[found], reason);
  }

  /** A connection for a stream; paused until it is spliced. */
  dialStream(route: Route, options: DialOptions): Promise<Result<Dialled<UpstreamSocket>>> {
    return this.#dial(route, options, () => new UpstreamSocket());
  }

  /** A connection for Node's HTTP client, which reads it in its own way. */
  dialPlain(route: Route, options: DialOptions): Promise<Result<Dialled<net.Socket>>> {
    return this.#dial(route, options, () => new net.Socket({ allowHalfOpen: true }));
  }

  async #dial<S extends net.Socket>(
    route: Route,
    { holdMilliseconds, waiting, order = this.order(route) }: DialOptions,
    create: () => S,
  ): Promise<Result<Dialled<S>>> {
    const deadline = performance.now() + holdMilliseconds;
    let round = await this.#tryEach(order, create, waiting);
    while (!round.ok && round.error.code === "target-down") {
      if (performance.now() + retryMilliseconds > deadline || waiting.isOver) break;
      const another = this.#retries.get(route);
      // However many wait for a service, one of them at a time asks for it, and the others hear what came of it.
      if (another !== undefined && !(await another)) continue;
      round =
        another !== undefined
          ? await this.#tryEach(order, create, waiting)
          : await this.#retry(route, order, create, waiting, round);
    }
    return round;
  }

  /** `before` is the answer if nobody waits for this one any more. */
  async #retry<S extends net.Socket>(
    route: Route,
    order: readonly Target[],
    create: () => S,
    waiting: Waiting,
    before: Result<Dialled<S>>,
  ): Promise<Result<Dialled<S>>> {
    const told = Promise.withResolvers<boolean>();
    this.#retries.set(route, told.promise);
    await waiting.pause(retryMilliseconds);
    const round = waiting.isOver ? before : await this.#tryEach(order, create, waiting);
    this.#retries.delete(route);
    told.resolve(round.ok);
    return round;
  }

  async #tryEach<S extends net.Socket>(
    order: readonly Target[],
    create: () => S,
    waiting: Waiting,
  ): Promise<Result<Dialled<S>>> {
    let last: Problem | undefined;
    for (const target of order) {
      const tried = await this.#tryTarget(target, create, waiting);
      // A try that was broken off says nothing about the service.
      if (!tried.ok && waiting.isOver) return tried;
      if (tried.ok) {
        const found = this.#found.get(formatTarget(target));
        if (found !== "up" && found !== "unwell") this.note(target, "up", undefined);
        return ok({ socket: tried.value, target });
      }
      if (tried.error.code === "target-down") this.note(target, "down", tried.error.message);
      last = tried.error;
    }
    return fail(last ?? noTarget);
  }

  async #tryTarget<S extends net.Socket>(
    target: Target,
    create: () => S,
    waiting: Waiting,
  ): Promise<Result<S>> {
    let refusal: unknown;
    try {
      for (const address of this.#literalsOf(target) ?? (await this.#lookUp(target))) {
        try {
          const socket = await connect(create(), address, target.port, waiting);
          if (this.#hooks.isOwn(socket, target.port)) {
            socket.destroy();
            return fail(ownAddress(target));
          }
          if (address !== target.host) this.#answered.set(`${target.host}:${target.port}`, address);
          return ok(socket);
        } catch (error) {
          refusal = error;
        }
      }
    } catch (error) {
      refusal = error;
    }
    return fail(unreachable(target, refusal));
  }

  /** Nothing when a look-up must tell. "localhost" means both families, whatever the hosts file says. */
  #literalsOf(target: Target): readonly string[] | undefined {
    const { host } = target;
    if (host === "localhost") return this.#answeredFirst(target, localhost);
    return net.isIP(host) === 0 ? undefined : [host];
  }

  async #lookUp(target: Target): Promise<readonly string[]> {
    const found = await lookup(target.host, { all: true });
    return this.#answeredFirst(
      target,
      found.map(({ address }) => address),
    );
  }

  #answeredFirst({ host, port }: Target, addresses: readonly string[]): readonly string[] {
    const first = this.#answered.get(`${host}:${port}`);
    if (first === undefined || first === addresses[0] || !addresses.includes(first)) return addresses;
    return [first, ...addresses.filter((address) => address !== first)];
  }
}

const localhost = ["127.0.0.1", "::1"];

const noTarget: Problem = {
  code: "route-without-target",
  message: "The route has no target.",
  remedy: 'Write the service behind it in its "to".',
};
