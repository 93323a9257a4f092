/** Icons, marks and colours of routes: what kind a route is of and how it fares, told by shape and never by colour alone. */
import type { RouteFacts, RouteState, ShownKind } from "./route-facts.ts";
import type { Icon } from "./row.ts";

const kindIcons: { readonly [Kind in ShownKind]: string } = {
  web: "globe",
  webSocket: "plug",
  tcp: "server",
  passthrough: "lock",
  tunnel: "link",
};

interface Look {
  /** In place of the kind's. */
  readonly icon?: string;
  /** At the end of the row. */
  readonly mark?: string;
  readonly iconColor?: string;
  readonly labelColor?: string;
}

const grey = { iconColor: "disabledForeground", labelColor: "disabledForeground" };
const amber = { iconColor: "list.warningForeground", labelColor: "list.warningForeground" };
const red = { iconColor: "list.errorForeground", labelColor: "list.errorForeground" };

export const stateLooks: { readonly [State in RouteState]: Look } = {
  up: { mark: "✓", iconColor: "testing.iconPassed" },
  down: { icon: "arrow-circle-down", mark: "↓", ...amber },
  unknown: {},
  disabled: { icon: "circle-slash", ...grey },
  broken: { icon: "error", mark: "!", ...red },
  untrusted: { icon: "workspace-untrusted", ...grey },
  replaced: { icon: "replace", ...grey },
  conflict: { icon: "warning", mark: "!", ...amber },
};

export function routeIcon({ state, kind }: RouteFacts): Icon {
  const { icon = kind ? kindIcons[kind] : "question", iconColor } = stateLooks[state];
  return { id: icon, ...(iconColor !== undefined && { color: iconColor }) };
}

/** As of a target: a tick, an arrow down, or an empty circle. */
export function healthIcon(state: "up" | "down" | undefined): Icon {
  if (state === "up") return { id: "pass", color: "testing.iconPassed" };
  if (state === "down") return { id: "arrow-circle-down", color: "list.warningForeground" };
  return { id: "circle-large-outline" };
}
