/** Routes as they are shown: by their texts, with their own addresses. */
import { formatDomain } from "./domain.ts";
import type { RouteSummary } from "./events.ts";
import { assignAddresses, needsAddress } from "./loopback.ts";
import { formatTarget, type Route } from "./route.ts";

export function summarizeRoutes(routes: readonly Route[]): RouteSummary[] {
  const addresses = assignAddresses(routes.filter(needsAddress).map(({ domain }) => formatDomain(domain)));
  return routes.map(({ domain, kind, targets }) => {
    const name = formatDomain(domain);
    const address = addresses.get(name);
    return { domain: name, kind, targets: targets.map(formatTarget), ...(address && { address }) };
  });
}
