/** Opens connections to the services behind: which target of a route, and how long to wait for one. */
import net from "node:net";
import { fail, ok, type Problem, type Result } from "../core/errors.ts";
import { formatTarget, type Route, type Target } from "../core/route.ts";
import type { Checked } from "./health.ts";
import { Reach, type ReachHooks } from "./reach.ts";
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
  /** The route's targets in the order to try them; its next turn when absent. */
  readonly order?: readonly Target[];
}

export interface Dialled<S extends net.Socket> {
  readonly socket: S;
  readonly target: Target;
}

/** What stays the same from one try to the next. */
interface Search<S extends net.Socket> {
  readonly route: Route;
  readonly order: readonly Target[];
  readonly waiting: Waiting;
  readonly create: () => S;
}

export interface DialHooks extends ReachHooks {
  readonly onState: (target: Target, state: TargetState, reason: string | undefined) => void;
  /** A connection goes to another target of its route, because this one was down when last seen. */
  readonly onPassedOver: (checked: Checked) => void;
}

export class Dialer {
  readonly #hooks: DialHooks;
  readonly #found = new Map<string, Found>();
  readonly #reach: Reach;
  readonly #turns = new WeakMap<Route, number>();
  /** The try that is under way for a route whose service is not up; it tells whether that came. */
  readonly #retries = new Map<Route, Promise<boolean>>();

  constructor(hooks: DialHooks) {
    this.#hooks = hooks;
    this.#reach = new Reach(hooks);
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
    return this.#reach.connect(target, () => new net.Socket(), new Waiting());
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

  #dial<S extends net.Socket>(
    route: Route,
    { holdMilliseconds, waiting, order = this.order(route) }: DialOptions,
    create: () => S,
  ): Promise<Result<Dialled<S>>> {
    const search = { route, order, waiting, create };
    const deadline = performance.now() + holdMilliseconds;
    // What nearly every connection takes goes by as few promises as can be: together they were a tenth of its cost.
    return this.#tryEach(search).then((round) => (round.ok ? round : this.#hold(search, deadline, round)));
  }

  /** Tries until `deadline`, on the clock of `performance`, if all that is wrong is that the service is not up. */
  async #hold<S extends net.Socket>(
    search: Search<S>,
    deadline: number,
    first: Result<Dialled<S>>,
  ): Promise<Result<Dialled<S>>> {
    let round = first;
    while (!round.ok && round.error.code === "target-down") {
      if (performance.now() + retryMilliseconds > deadline || search.waiting.isOver) break;
      const another = this.#retries.get(search.route);
      // However many wait for a service, one of them at a time asks for it, and the others hear what came of it.
      if (another !== undefined && !(await another)) continue;
      round = another !== undefined ? await this.#tryEach(search) : await this.#retry(search, round);
    }
    return round;
  }

  /** `before` is the answer if nobody waits for this one any more. */
  async #retry<S extends net.Socket>(
    search: Search<S>,
    before: Result<Dialled<S>>,
  ): Promise<Result<Dialled<S>>> {
    const { route, waiting } = search;
    const told = Promise.withResolvers<boolean>();
    this.#retries.set(route, told.promise);
    await waiting.pause(retryMilliseconds);
    const round = waiting.isOver ? before : await this.#tryEach(search);
    this.#retries.delete(route);
    told.resolve(round.ok);
    return round;
  }

  async #tryEach<S extends net.Socket>({ order, waiting, create }: Search<S>): Promise<Result<Dialled<S>>> {
    let last: Problem | undefined;
    for (const target of order) {
      const tried = await this.#reach.connect(target, create, waiting);
      // A try that was broken off says nothing about the service.
      if (!tried.ok && waiting.isOver) return tried;
      if (tried.ok) {
        const found = this.#found.get(formatTarget(target));
        if (found !== "up" && found !== "unwell") this.note(target, "up", undefined);
        return ok({ socket: tried.value, target });
      }
      if (tried.error.code === "target-down") this.note(target, "down", tried.error.message);
      last = tried.error;
      if (last.code === "out-of-descriptors") break;
    }
    return fail(last ?? noTarget);
  }
}

const noTarget: Problem = {
  code: "route-without-target",
  message: "The route has no target.",
  remedy: 'Write the service behind it in its "to".',
};
