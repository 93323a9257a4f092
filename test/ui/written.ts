/** Routes as they are written in settings, and what the mux tells of them, for tests of what is drawn. */
import type { Certificate } from "../../src/core/connect-command.ts";
import { formatDomain, parseDomain } from "../../src/core/domain.ts";
import { type MuxState, stopped } from "../../src/core/mux-state.ts";
import { parseRoutes } from "../../src/core/route.ts";
import { summarizeRoutes } from "../../src/core/route-summary.ts";
import { type MachineFacts, type RouteFacts, routeFacts } from "../../src/ui/route-facts.ts";
import type { SettingsPlace } from "../../src/ui/route-places.ts";
import type { WrittenRoute } from "../../src/ui/route-settings.ts";
import type { Localizer } from "../../src/ui/row.ts";

export const user: SettingsPlace = { id: "user", kind: "user", name: "User", target: 1, value: {} };
export const workspace: SettingsPlace = {
  id: "workspace",
  kind: "workspace",
  name: "Workspace",
  target: 2,
  value: {},
};

/** In English, with the values in place of `{0}` and so on. */
export const l10n: Localizer = {
  t: (message, ...values) => message.replace(/\{(\d+)\}/g, (_, index) => String(values[Number(index)])),
};

/** The routes of one place; `fate` is what becomes of those that are neither broken nor disabled. */
export function written(
  routes: Readonly<Record<string, unknown>>,
  place: SettingsPlace = workspace,
  fate: WrittenRoute["fate"] = { is: "used" },
): readonly WrittenRoute[] {
  return Object.entries(routes).map(([key, value]): WrittenRoute => {
    const {
      routes: [route],
      disabled,
      problems,
    } = parseRoutes({ [key]: value });
    const domain = parseDomain(key);
    const own = { place, key, value, domain: domain.ok ? formatDomain(domain.value) : key, problems };
    if (disabled.length > 0) return { ...own, fate: { is: "disabled" } };
    return route ? { ...own, route, fate } : { ...own, fate: { is: "broken" } };
  });
}

/** A mux on port 8443 that has taken these routes, and what else is known of it. */
export function running(routes: readonly WrittenRoute[], more: Partial<MuxState> = {}): MuxState {
  const acting = routes.filter(({ fate }) => fate.is === "used").flatMap(({ route }) => route ?? []);
  return { ...stopped, phase: "running", port: 8443, routes: summarizeRoutes(acting), ...more };
}

export const authority: Certificate = { by: "authority", rootFile: "/ca/root.crt", isTrusted: false };

export const machine: MachineFacts = { resolves: () => undefined, certificateOf: () => authority };

/** The facts of one route that is written alone, with a mux that runs. */
export function factsOf(
  key: string,
  value: unknown,
  more: Partial<MuxState> = {},
  surroundings: Partial<MachineFacts> = {},
): RouteFacts {
  const routes = written({ [key]: value });
  const [facts] = routeFacts(routes, running(routes, more), { ...machine, ...surroundings });
  if (!facts) throw new Error("A route that is written has facts.");
  return facts;
}
