/** Which routes have a loopback address of their own, and which one. */
import { createHash } from "node:crypto";
import type { Route, RouteKind } from "./route.ts";

/** HTTP names its domain itself. `tls` names it too, but not every client of it sends SNI. */
const routedByAddress: { readonly [Kind in RouteKind]: boolean } = {
  http: false,
  tcp: true,
  tls: true,
  tunnel: true,
};

/** Does the route have an address of its own? Not under `localhost`: clients hard-wire that to 127.0.0.1 and ::1. */
export function needsAddress(route: Route): boolean {
  const { domain, kind } = route;
  return routedByAddress[kind] && domain.kind === "exact" && !isLocalhost(domain.name);
}

/** `localhost` and every name under it (RFC 6761 §6.3). */
export function isLocalhost(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost");
}

/** An IP literal, or a host that may be one, which only this machine can reach. */
export function isLoopbackAddress(host: string): boolean {
  return host === "::1" || host.startsWith("127.");
}

const lastOctets = 254;
const capacity = 256 * lastOctets;

/**
 * One address 127.77.x.y for each name, y from 1 to 254. It depends on the set of names alone, and almost always on
 * the name alone: of names with the same first choice one has it, the others take what nobody chose first.
 * Names beyond the 65,024 addresses there are get none.
 */
export function assignAddresses(names: readonly string[]): ReadonlyMap<string, string> {
  const sorted = [...new Set(names)].sort();
  const slots = new Map<number, string>();
  const late: string[] = [];
  for (const name of sorted) {
    const slot = firstChoice(name);
    if (slots.has(slot)) late.push(name);
    else slots.set(slot, name);
  }
  for (const name of late.slice(0, capacity - slots.size)) {
    let slot = firstChoice(name);
    while (slots.has(slot)) slot = (slot + 1) % capacity;
    slots.set(slot, name);
  }
  return new Map(Array.from(slots, ([slot, name]) => [name, addressOf(slot)]));
}

/** Never to be changed: hosts files hold what comes of it. */
function firstChoice(name: string): number {
  return createHash("sha256").update(name).digest().readUInt32BE(0) % capacity;
}

function addressOf(slot: number): string {
  return `127.77.${Math.floor(slot / lastOctets)}.${(slot % lastOctets) + 1}`;
}
