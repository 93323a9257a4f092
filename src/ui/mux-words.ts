/** The mux in words: for the status bar, and for the menu behind it. */
import type { MuxState } from "../core/mux-state.ts";
import { connectionCount } from "./route-words.ts";
import type { Localizer } from "./row.ts";

interface MuxDescription {
  readonly icon: string;
  /** What stands behind the name. */
  readonly suffix: string;
  /** The same in words. */
  readonly text: string;
  readonly isWrong: boolean;
}

export function describeMux(state: MuxState, l10n: Localizer): MuxDescription {
  switch (state.phase) {
    case "stopped":
      return describeStopped(state, l10n);
    case "starting":
      return { icon: "loading~spin", suffix: "", text: l10n.t("Oneport is starting."), isWrong: false };
    case "stopping":
      return { icon: "loading~spin", suffix: "", text: l10n.t("Oneport is stopping."), isWrong: false };
    case "running":
      return describeRunning(state, l10n);
  }
}

function describeStopped({ failure }: MuxState, l10n: Localizer): MuxDescription {
  if (!failure) {
    return { icon: "debug-stop", suffix: "", text: l10n.t("Oneport is stopped."), isWrong: false };
  }
  const text = l10n.t("Oneport is stopped: {0}", failure.message);
  return { icon: "error", suffix: "", text, isWrong: true };
}

function describeRunning(state: MuxState, l10n: Localizer): MuxDescription {
  const { port = 0, routes, isOverloaded } = state;
  const { down } = healthOf(state);
  const listening =
    routes.length === 1
      ? l10n.t("Oneport listens on port {0} with 1 route.", port)
      : l10n.t("Oneport listens on port {0} with {1} routes.", port, routes.length);
  const suffix = ` :${port}`;
  if (isOverloaded) {
    const text = l10n.t("{0} Too many connections are open; more are turned away.", listening);
    return { icon: "warning", suffix, text, isWrong: true };
  }
  if (down > 0) {
    const text =
      down === 1
        ? l10n.t("{0} 1 service is down.", listening)
        : l10n.t("{0} {1} services are down.", listening, down);
    return { icon: "radio-tower", suffix: `${suffix} $(arrow-down)${down}`, text, isWrong: false };
  }
  return { icon: "radio-tower", suffix, text: listening, isWrong: false };
}

/** How the services are while it runs; undefined otherwise. */
export function summarizeServices(state: MuxState, l10n: Localizer): string | undefined {
  const { phase, routes, open } = state;
  if (phase !== "running") return undefined;
  const { up, down } = healthOf(state);
  const services =
    routes.length === 1
      ? l10n.t("1 route · {0} up · {1} down", up, down)
      : l10n.t("{0} routes · {1} up · {2} down", routes.length, up, down);
  const connections = [...open.values()].reduce((sum, each) => sum + each.count, 0);
  return connections > 0 ? `${services} · ${connectionCount(connections, l10n)}` : services;
}

function healthOf({ targets }: MuxState): { readonly up: number; readonly down: number } {
  const states = [...targets.values()].map(({ state }) => state);
  const count = (wanted: "up" | "down") => states.filter((state) => state === wanted).length;
  return { up: count("up"), down: count("down") };
}
