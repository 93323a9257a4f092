/** Routes are lent by windows: one table is made of all, and the first to lend a domain keeps it. */
import { isDeepStrictEqual } from "node:util";
import { formatDomain } from "./domain.ts";
import { isRecord } from "./record.ts";
import { parseRoutes } from "./route.ts";

/** One route as a window wrote it, under its domain in normal form. */
export interface Lease {
  readonly domain: string;
  readonly value: unknown;
  /** When the window first lent this domain, in milliseconds since 1970: it outlives the owner that it was lent to. */
  readonly since: number;
}

export interface Lender {
  readonly id: string;
  readonly leases: readonly Lease[];
}

/** A domain that another window has with another target. */
interface Conflict {
  readonly domain: string;
  readonly heldBy: string;
}

export interface MergedLeases {
  /** To be read by `parseRoutes`. */
  readonly routes: Readonly<Record<string, unknown>>;
  /** The windows that lend a domain, the one that keeps it first. */
  readonly lenders: ReadonlyMap<string, readonly string[]>;
  /** By the window that does not get its way. */
  readonly conflicts: ReadonlyMap<string, readonly Conflict[]>;
}

/** What a window lends that has written this as its `oneport.routes`: each good route. `before` is what it lent until now. */
export function leasesOf(written: unknown, before: readonly Lease[], now: number): Lease[] {
  const since = new Map(before.map((lease) => [lease.domain, lease.since]));
  const leases = new Map<string, Lease>();
  for (const [key, value] of Object.entries(isRecord(written) ? written : {})) {
    const domain = parseLease({ domain: key, value })?.name;
    if (domain === undefined || leases.has(domain)) continue;
    leases.set(domain, { domain, value, since: since.get(domain) ?? now });
  }
  return [...leases.values()];
}

export function mergeLeases(lenders: readonly Lender[]): MergedLeases {
  const all = lenders.flatMap(({ id, leases }) => leases.map((lease) => ({ ...lease, id })));
  all.sort((a, b) => a.since - b.since || (a.id < b.id ? -1 : 1));
  const kept = new Map<string, (typeof all)[number]>();
  const lending = new Map<string, string[]>();
  const conflicts = new Map<string, Conflict[]>();
  for (const lease of all) {
    const { id, domain } = lease;
    const keeper = kept.get(domain);
    if (keeper && !isSameRoute(keeper, lease)) {
      conflicts.set(id, [...(conflicts.get(id) ?? []), { domain, heldBy: keeper.id }]);
      continue;
    }
    if (!keeper) kept.set(domain, lease);
    lending.set(domain, [...(lending.get(domain) ?? []), id]);
  }
  const routes = Object.fromEntries([...kept].map(([domain, { value }]) => [domain, value]));
  return { routes, lenders: lending, conflicts };
}

/** However it is written: 3000 is http://localhost:3000. */
function isSameRoute(a: Lease, b: Lease): boolean {
  return isDeepStrictEqual(parseLease(a)?.route, parseLease(b)?.route);
}

function parseLease({ domain, value }: Pick<Lease, "domain" | "value">) {
  const [route] = parseRoutes({ [domain]: value }).routes;
  return route && { route, name: formatDomain(route.domain) };
}
