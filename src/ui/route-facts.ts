/** All that is known of each route: what the settings say, what the mux tells of it, and what of the machine it depends on. */
import { type Certificate, type Endpoint, isWebSocket } from "../core/connect-command.ts";
import type { Problem } from "../core/errors.ts";
import type { OpenConnections } from "../core/events.ts";
import { isLocalhost } from "../core/loopback.ts";
import type { MuxState, TargetState } from "../core/mux-state.ts";
import { parseTarget } from "../core/parse-target.ts";
import {
  authorityOf,
  formatTarget,
  parseRoutes,
  type RouteKind,
  schemes,
  type Target,
} from "../core/route.ts";
import { summarizeRoutes } from "../core/route-summary.ts";
import type { WrittenRoute } from "./route-settings.ts";

/** The first three are the health of a route that acts; the others say why one does not. */
export type RouteState =
  | "up"
  | "down"
  | "unknown"
  | "disabled"
  | "broken"
  | "untrusted"
  | "replaced"
  | "conflict";

export type ShownKind = "web" | "webSocket" | "tcp" | "passthrough" | "tunnel";

export interface TargetFacts {
  /** The whole URL. */
  readonly url: string;
  /** Host, port and path alone. */
  readonly place: string;
  /** Absent while nobody has asked. */
  readonly health?: TargetState;
}

export interface RouteFacts {
  readonly domain: string;
  readonly state: RouteState;
  /** Unknown where no target could be read. */
  readonly kind?: ShownKind;
  readonly targets: readonly TargetFacts[];
  readonly open?: OpenConnections;
  /** Why the last connection failed. */
  readonly refusal?: Problem;
  readonly problems: readonly Problem[];
  /** The loopback address of its own. */
  readonly address?: string;
  /** Whether the domain leads to where the mux listens; absent while nobody has looked, and where there is nothing to look up. */
  readonly resolves?: boolean;
  /** Where clients reach it: absent unless the mux runs, the route acts and its domain is one name. */
  readonly endpoint?: Endpoint;
  /** Absent when it is another window's. */
  readonly written?: WrittenRoute;
  /** The name of the place, or of the window, whose route for this domain acts instead. */
  readonly rival?: string;
}

/** What the mux itself does not tell. */
export interface MachineFacts {
  /** Does a name lead to where the mux listens? Undefined while nobody has looked. */
  readonly resolves: (name: string) => boolean | undefined;
  /** Who vouches for a domain whose TLS the mux ends. */
  readonly certificateOf: (name: string) => Certificate;
}

/** This window's routes in the order in which they are written, and then those that other windows lend to the mux. */
export function routeFacts(
  routes: readonly WrittenRoute[],
  state: MuxState,
  machine: MachineFacts,
): readonly RouteFacts[] {
  const heldElsewhere = conflictsWithWindows(state);
  const acting = routes.filter(({ fate, domain }) => fate.is === "used" && !heldElsewhere.has(domain));
  const planned = summarizeRoutes(acting.flatMap(({ route }) => route ?? []));
  const addresses = new Map([...planned, ...state.routes].map(({ domain, address }) => [domain, address]));
  const placeNames = new Map(routes.map(({ place }) => [place.id, place.name]));
  const rivalOf = ({ fate, domain }: WrittenRoute) => {
    const place = fate.is === "replaced" ? fate.by : fate.is === "conflict" ? fate.with : undefined;
    return place === undefined ? heldElsewhere.get(domain) : (placeNames.get(place) ?? place);
  };
  const act = (domain: string, targets: readonly Target[]) =>
    actingFacts({ domain, targets, address: addresses.get(domain) }, state, machine);

  const own = routes.map((written): RouteFacts => {
    const targets = targetsOf(written);
    return acting.includes(written)
      ? { ...act(written.domain, targets), problems: written.problems, written }
      : idleFacts(written, targets, rivalOf(written));
  });
  const here = new Set(acting.map(({ domain }) => domain));
  const others = state.routes.filter(({ domain }) => !here.has(domain));
  return [...own, ...others.map(({ domain, targets }) => act(domain, targets.flatMap(readTarget)))];
}

function targetsOf({ route, key, value }: WrittenRoute): readonly Target[] {
  return route?.targets ?? parseRoutes({ [key]: value }).disabled[0]?.targets ?? [];
}

function readTarget(text: string): readonly Target[] {
  const target = parseTarget(text);
  return target.ok ? [target.value] : [];
}

/** The windows whose routes act in place of this window's, by domain: who came first is heard. */
function conflictsWithWindows({ session }: MuxState): ReadonlyMap<string, string> {
  const windows = session?.windows ?? [];
  const own = windows.find(({ id }) => id === session?.own);
  const nameOf = (wanted: string) => windows.find(({ id }) => id === wanted)?.name ?? wanted;
  return new Map((own?.conflicts ?? []).map(({ domain, heldBy }) => [domain, nameOf(heldBy)]));
}

/** A route that does nothing, with what can be read of it. */
function idleFacts(written: WrittenRoute, targets: readonly Target[], rival: string | undefined): RouteFacts {
  const { domain, problems, fate } = written;
  return {
    domain,
    state: fate.is === "used" ? "conflict" : fate.is,
    targets: targets.map((target) => targetFacts(target)),
    problems,
    written,
    ...kindOf(targets),
    ...(rival !== undefined && { rival }),
  };
}

interface Acting {
  readonly domain: string;
  readonly targets: readonly Target[];
  readonly address: string | undefined;
}

function actingFacts(acting: Acting, state: MuxState, machine: MachineFacts): RouteFacts {
  const { domain, address } = acting;
  const targets = acting.targets.map((target) =>
    targetFacts(target, state.targets.get(formatTarget(target))),
  );
  const endpoint = endpointOf(acting, state, machine);
  const open = state.open.get(domain);
  const refusal = state.refusals.get(domain);
  const resolves = isLocalhost(domain) ? undefined : machine.resolves(domain);
  return {
    domain,
    state: healthOf(targets),
    targets,
    problems: [],
    ...kindOf(acting.targets),
    ...(address !== undefined && { address }),
    ...(resolves !== undefined && { resolves }),
    ...(open && { open }),
    ...(refusal && { refusal }),
    ...(endpoint && { endpoint }),
  };
}

/** Up while one target is: connections go to that one. */
function healthOf(targets: readonly TargetFacts[]): "up" | "down" | "unknown" {
  const states = targets.map(({ health }) => health?.state);
  if (states.includes("up")) return "up";
  return states.length > 0 && states.every((state) => state === "down") ? "down" : "unknown";
}

function endpointOf(
  { domain, targets: [target], address }: Acting,
  { phase, port }: MuxState,
  { resolves, certificateOf }: MachineFacts,
): Endpoint | undefined {
  const isName = !domain.includes("*");
  if (phase !== "running" || port === undefined || !target || !isName) return undefined;
  const isPassthrough = schemes[target.scheme].kind === "tls";
  return {
    name: domain,
    target,
    port,
    ...(address !== undefined && { address }),
    // Not every system's resolver knows of these.
    resolves: !isLocalhost(domain) && resolves(domain) === true,
    certificate: isPassthrough ? { by: "service" } : certificateOf(domain),
  };
}

function targetFacts(target: Target, health?: TargetState): TargetFacts {
  const path = target.path === "/" ? "" : target.path;
  return { url: formatTarget(target), place: `${authorityOf(target)}${path}`, ...(health && { health }) };
}

const shownKinds: { readonly [Kind in RouteKind]: ShownKind } = {
  http: "web",
  tcp: "tcp",
  tls: "passthrough",
  tunnel: "tunnel",
};

function kindOf([target]: readonly Target[]): { readonly kind?: ShownKind } {
  if (!target) return {};
  return { kind: isWebSocket(target) ? "webSocket" : shownKinds[schemes[target.scheme].kind] };
}
