/** What is known of the mux, built from its events one by one: the one thing that views are drawn from. */
import type { Problem } from "./errors.ts";
import type { MuxEvent, OpenConnections, RouteSummary, SessionWindow } from "./events.ts";

export interface TargetState {
  readonly state: "up" | "down";
  readonly reason?: string;
}

export interface MuxState {
  readonly phase: "stopped" | "starting" | "running" | "stopping";
  /** Known from the moment it listens. */
  readonly port?: number;
  readonly addresses: readonly string[];
  readonly routes: readonly RouteSummary[];
  /** By the target's text; a target that nobody has asked yet is absent. */
  readonly targets: ReadonlyMap<string, TargetState>;
  /** By the route's domain. */
  readonly open: ReadonlyMap<string, OpenConnections>;
  /** Why the last connection that failed did, by the route's domain; forgotten when one succeeds. */
  readonly refusals: ReadonlyMap<string, Problem>;
  /** Why it does not run, though it was to; absent when it was stopped. */
  readonly failure?: Problem;
  readonly isOverloaded: boolean;
  /** Who takes part in the mux; known soon after it listens. */
  readonly session?: MuxSession;
}

interface MuxSession {
  readonly role: "owner" | "member";
  /** The id of this window. */
  readonly own: string;
  readonly windows: readonly SessionWindow[];
}

/** For who looks once: services that have not said whether they are up within this are as they were last. */
export const healthMilliseconds = 300;

export const stopped: MuxState = {
  phase: "stopped",
  addresses: [],
  routes: [],
  targets: new Map(),
  open: new Map(),
  refusals: new Map(),
  isOverloaded: false,
};

/** The state after an event. */
export function nextState(state: MuxState, event: MuxEvent): MuxState {
  switch (event.type) {
    case "listening":
      return { ...state, phase: whileListening(state), port: event.port, addresses: event.addresses };
    case "routes":
      return withRoutes(state, event.routes);
    case "open":
      return { ...state, open: new Map(event.routes.map((each) => [each.domain, each])) };
    case "connection":
      return withConnection(state, event.connection);
    case "target": {
      const { target, state: now, reason } = event;
      const known: TargetState = { state: now, ...(reason !== undefined && { reason }) };
      return { ...state, targets: new Map(state.targets).set(target, known) };
    }
    case "overload":
      return { ...state, isOverloaded: event.isOver };
    case "problem":
      // Once it listens it goes on whatever goes wrong, unless it says that it has stopped.
      return state.phase === "starting" ? { ...state, failure: event.problem } : state;
    case "session": {
      const { role, own, windows } = event;
      return { ...state, session: { role, own, windows } };
    }
    case "stopped":
      return stoppedFor(event.problem ?? state.failure);
  }
}

export function stoppedFor(failure: Problem | undefined): MuxState {
  return failure ? { ...stopped, failure } : stopped;
}

/** It tells of its addresses again when they change, which may still be on its way while it stops. */
function whileListening({ phase }: MuxState): MuxState["phase"] {
  return phase === "stopping" ? "stopping" : "running";
}

/** What is known of routes and targets that are gone is forgotten. */
function withRoutes(state: MuxState, routes: readonly RouteSummary[]): MuxState {
  const domains = new Set(routes.map(({ domain }) => domain));
  const targets = new Set(routes.flatMap((route) => route.targets));
  return {
    ...state,
    routes,
    targets: new Map([...state.targets].filter(([target]) => targets.has(target))),
    open: new Map([...state.open].filter(([domain]) => domains.has(domain))),
    refusals: new Map([...state.refusals].filter(([domain]) => domains.has(domain))),
  };
}

function withConnection(
  state: MuxState,
  { route, ending }: Extract<MuxEvent, { type: "connection" }>["connection"],
): MuxState {
  if (route === undefined) return state;
  if (ending.how === "refused") {
    return { ...state, refusals: new Map(state.refusals).set(route, ending.problem) };
  }
  if (!state.refusals.has(route)) return state;
  return { ...state, refusals: new Map([...state.refusals].filter(([domain]) => domain !== route)) };
}
