/** The lines that the routes need in the hosts file, and the marked block that holds them. */
import { isWithinAuthority } from "./local-names.ts";
import { assignAddresses, isLocalhost, needsAddress } from "./loopback.ts";
import type { Route } from "./route.ts";

/** One line of a hosts file: one name, since Windows reads no more than nine a line. */
export interface HostsEntry {
  readonly address: string;
  readonly name: string;
}

/** The lines around ours, without line ends. Files out there hold them: they can never change. */
export const hostsMarkers = {
  begin: "# BEGIN Oneport (everything up to END Oneport is rewritten)",
  end: "# END Oneport",
} as const;

/**
 * What the routes need, in their order: both loopback addresses for an HTTP name; for an address-routed name nothing
 * but its own, because a `::1` line beside it makes look-ups answer 127.0.0.1. Wildcards cannot be written,
 * and names under `localhost` need not.
 */
export function hostsEntries(routes: readonly Route[]): readonly HostsEntry[] {
  const named = new Map<string, Route>();
  for (const route of routes) {
    const { domain } = route;
    if (domain.kind !== "exact" || isLocalhost(domain.name) || named.has(domain.name)) continue;
    named.set(domain.name, route);
  }
  const own = assignAddresses([...named].flatMap(([name, route]) => (needsAddress(route) ? [name] : [])));
  return [...named].flatMap(([name, route]) => {
    if (!needsAddress(route))
      return [
        { address: "127.0.0.1", name },
        { address: "::1", name },
      ];
    const address = own.get(name);
    return address === undefined ? [] : [{ address, name }];
  });
}

/** Must the user agree to this very name first? Yes, if it can be somebody's on the Internet. */
export function needsConsent(name: string): boolean {
  return !isWithinAuthority(name);
}

/** The names among the entries that need that, each once. */
export function namesToConsentTo(entries: readonly HostsEntry[]): readonly string[] {
  return [...new Set(entries.map(({ name }) => name))].filter(needsConsent);
}

/** The block with its markers, each line ended by `newline`; nothing at all for no entries. `note` is a comment line. */
export function renderHostsBlock(entries: readonly HostsEntry[], newline = "\n", note?: string): string {
  if (entries.length === 0) return "";
  const notes = note === undefined ? [] : [note];
  const lines = entries.map(({ address, name }) => `${address} ${name}`);
  return [hostsMarkers.begin, ...notes, ...lines, hostsMarkers.end].map((line) => line + newline).join("");
}
