/** What a route is, and how the setting `oneport.routes` is read into routes and problems. */
import { type Domain, formatDomain, parseDomain } from "./domain.ts";
import type { Problem } from "./errors.ts";
import {
  authorityOf,
  formatTarget,
  parseTarget,
  type RouteKind,
  type Scheme,
  schemes,
  type Target,
} from "./parse-target.ts";
import { isRecord } from "./record.ts";
import { type Report, readOptions } from "./route-options.ts";
import { shown } from "./wording.ts";

export { authorityOf, formatTarget, type RouteKind, type Scheme, schemes, type Target };

export interface Route {
  readonly domain: Domain;
  readonly kind: RouteKind;
  /** At least one; all of one kind. Tried in turn (round robin over what is up). */
  readonly targets: readonly [Target, ...Target[]];
  /** Sent as `Host` to the service in place of the one the client asked for. */
  readonly hostHeader?: string;
  /** Accept any certificate from an `https`, `wss` or `tcp+wss` service. */
  readonly insecureUpstream: boolean;
  /** How long a connection waits for a service that is not up, in seconds. */
  readonly holdSeconds: number;
  /** Close the connection to the service after each request. */
  readonly closeUpstream: boolean;
  /** Begin each connection to the service with a PROXY protocol header of this version. */
  readonly sendProxy?: 1 | 2;
  /** `false`: the client never opens with TLS on this route's own address, so nothing is awaited. */
  readonly tls: boolean;
  /** A `tcp` route that also takes WebSocket clients and carries their binary frames as bytes. */
  readonly webSocketBridge: boolean;
  /** Path asked for by the health check of an `http` service; a TCP connect alone when absent. */
  readonly healthPath?: string;
}

/** The kinds that are carried as a stream, by name or by address: all but HTTP, which is routed request by request. */
export type StreamKind = Exclude<RouteKind, "http">;
export type StreamRoute = Route & { readonly kind: StreamKind };

export function isStreamRoute(route: Route): route is StreamRoute {
  return route.kind !== "http";
}

/** A route with `"enabled": false`: kept in the settings, listed, not routed. `targets` is what it names, if anything. */
export interface DisabledRoute {
  readonly domain: Domain;
  readonly targets: readonly Target[];
}

export interface RouteProblem extends Problem {
  /** JSON path below `oneport.routes`, such as `["shop.test", "to", 1]`. */
  readonly path: readonly (string | number)[];
  /** Which part of the property at that path is wrong. */
  readonly part: "key" | "value";
}

export interface ParsedRoutes {
  readonly routes: readonly Route[];
  readonly disabled: readonly DisabledRoute[];
  readonly problems: readonly RouteProblem[];
}

/**
 * Reads the value of `oneport.routes`; `undefined` means that nobody set it. Each route is read on its own: one with a
 * problem is left out, the others stand.
 */
export function parseRoutes(value: unknown): ParsedRoutes {
  if (value !== undefined && !isRecord(value)) {
    const message = `"oneport.routes" is ${shown(value)}, but must be an object.`;
    const remedy = 'Write an object, such as { "shop.localhost": 3000 }.';
    const problem: RouteProblem = { code: "routes-type", message, remedy, path: [], part: "value" };
    return { routes: [], disabled: [], problems: [problem] };
  }
  const keys = new Map<string, string>();
  const entries = Object.entries(value ?? {}).map(([key, written]) => readEntry(key, written, keys));
  return {
    routes: entries.flatMap((entry) => entry.route ?? []),
    disabled: entries.flatMap((entry) => entry.disabled ?? []),
    problems: entries.flatMap((entry) => entry.problems),
  };
}

interface Entry {
  readonly route?: Route;
  readonly disabled?: DisabledRoute;
  readonly problems: readonly RouteProblem[];
}

/** One property of the setting. `keys` holds the key of each domain that has a route already, and is added to. */
function readEntry(key: string, written: unknown, keys: Map<string, string>): Entry {
  const problems: RouteProblem[] = [];
  const report: Report = (problem, path, part) => {
    problems.push({ ...problem, path: [key, ...path], part });
  };
  const parsed = parseDomain(key);
  if (!parsed.ok) report(parsed.error, [], "key");
  const properties = isRecord(written) ? written : { to: written };
  const targets = readTargets(properties.to, isRecord(written) ? ["to"] : [], report);
  const { enabled, ...options } = readOptions(properties, targets, report);

  if (!enabled) return parsed.ok ? { disabled: { domain: parsed.value, targets }, problems } : { problems };
  if (properties.to === undefined) report(noTarget(key), [], "value");
  if (!parsed.ok) return { problems };
  const domain = parsed.value;
  const name = formatDomain(domain);
  const first = keys.get(name);
  if (first !== undefined) report(duplicate(key, first), [], "key");
  const [target, ...others] = targets;
  if (problems.length > 0 || !target) return { problems };
  keys.set(name, key);
  const { kind } = schemes[target.scheme];
  return { route: { domain, kind, targets: [target, ...others], ...options }, problems };
}

function noTarget(key: string): Problem {
  return {
    code: "route-without-target",
    message: `The route ${shown(key)} has no "to".`,
    remedy: 'Add the service behind it, such as "to": "http://localhost:3000".',
  };
}

function duplicate(key: string, first: string): Problem {
  return {
    code: "route-duplicate",
    message: `${shown(key)} is the same domain as ${shown(first)}, which has a route already.`,
    remedy: "Remove one of the two; a list of targets shares the connections between several services.",
  };
}

/** The targets that could be read: none unless `value` is a target or a list of them. */
function readTargets(value: unknown, path: readonly (string | number)[], report: Report): readonly Target[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return readTarget(value, path, report);
  if (value.length === 0) report(emptyList, path, "value");
  const targets = value.map((item: unknown, index) => readTarget(item, [...path, index], report));
  const kindOf = ({ scheme }: Target) => schemes[scheme].kind;
  const [first] = targets.flat();
  targets.forEach(([target], index) => {
    if (!first || !target || kindOf(target) === kindOf(first)) return;
    report(mixedKinds(first, target), [...path, index], "value");
  });
  return targets.flat();
}

function readTarget(value: unknown, path: readonly (string | number)[], report: Report): readonly Target[] {
  const target = parseTarget(value);
  if (target.ok) return [target.value];
  report(target.error, path, "value");
  return [];
}

const emptyList: Problem = {
  code: "route-without-target",
  message: "The list of targets is empty.",
  remedy: 'Write at least one target, such as "http://localhost:3000".',
};

function mixedKinds(first: Target, odd: Target): Problem {
  return {
    code: "route-mixed-targets",
    message: `${formatTarget(odd)} cannot share a route with ${formatTarget(first)}: they are carried in different ways.`,
    remedy: "Give it a route of its own, or write all targets of the list with the same scheme.",
  };
}
