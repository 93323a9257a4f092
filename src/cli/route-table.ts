/** The routes as a table: domain, target, how it is carried, and what the caller says of each in the last column. */
import type { RouteSummary } from "../core/events.ts";
import { httpsAuthority } from "../core/https-port.ts";
import type { Style } from "../core/log-line.ts";
import type { RouteKind } from "../core/route.ts";
import { formatTable } from "./table.ts";

const carried: { readonly [Kind in RouteKind]: string } = {
  http: "HTTP and WebSocket",
  tcp: "TCP, TLS ended here",
  tls: "TLS passed through",
  tunnel: "TCP inside a WebSocket",
};

/** Lines under a heading; `lastOf` fills the column named `lastTitle`. */
export function formatRouteTable(
  routes: readonly RouteSummary[],
  lastTitle: string,
  lastOf: (route: RouteSummary) => string,
  style: Style,
): string[] {
  const head = ["DOMAIN", "  TARGET", "CARRIED", lastTitle];
  const rows = routes.map((route) => [
    route.domain,
    `→ ${route.targets.join(", ")}`,
    carried[route.kind],
    lastOf(route),
  ]);
  return formatTable([head, ...rows], (text, row, column) => {
    if (row === 0 || column === 2) return style("dim", text);
    return column === 0 ? style("bold", text) : text;
  });
}

/** What a client opens or connects to: a URL, or host and port with what tells the route there. */
export function placeToConnect({ domain, kind, address }: RouteSummary, port: number): string {
  if (domain === "*") return kind === "http" ? "every other domain" : "every other name (TLS SNI)";
  if (kind === "http") return `https://${httpsAuthority(domain, port)}/`;
  return address === undefined ? `${domain}:${port} (TLS SNI)` : `${domain}:${port} (TLS SNI, or ${address})`;
}

/** One line for a change of the table. */
export function routeChanges(
  before: readonly RouteSummary[],
  after: readonly RouteSummary[],
  style: Style,
): string[] {
  const old = new Map(before.map((route) => [route.domain, route]));
  const kept = new Set(after.map((route) => route.domain));
  const line = (sign: string, { domain, targets }: RouteSummary) =>
    `${sign} ${domain} → ${targets.join(", ")}`;
  const removed = before
    .filter(({ domain }) => !kept.has(domain))
    .map((route) => style("red", line("-", route)));
  const others = after.flatMap((route) => {
    const previous = old.get(route.domain);
    if (!previous) return [style("green", line("+", route))];
    const same = previous.kind === route.kind && previous.targets.join() === route.targets.join();
    return same ? [] : [style("yellow", line("~", route))];
  });
  return [...removed, ...others];
}
