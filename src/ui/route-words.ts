/** Kinds, states and connections of routes in words. */
import type { RouteFacts, ShownKind } from "./route-facts.ts";
import type { Localizer } from "./row.ts";

export function kindWord(kind: ShownKind, l10n: Localizer): string {
  switch (kind) {
    case "web":
      return l10n.t("web");
    case "webSocket":
      return l10n.t("WebSocket");
    case "tcp":
      return l10n.t("TCP");
    case "passthrough":
      return l10n.t("TLS passthrough");
    case "tunnel":
      return l10n.t("TCP inside a WebSocket");
  }
}

export function stateWord({ state, rival = "" }: RouteFacts, l10n: Localizer): string {
  switch (state) {
    case "up":
      return l10n.t("up");
    case "down":
      return l10n.t("down");
    case "unknown":
      return l10n.t("not checked");
    case "disabled":
      return l10n.t("disabled");
    case "broken":
      return l10n.t("not valid");
    case "untrusted":
      return l10n.t("in Restricted Mode");
    case "replaced":
      return l10n.t("replaced in {0}", rival);
    case "conflict":
      return l10n.t("another target in {0}", rival);
  }
}

export function connectionCount(count: number, l10n: Localizer): string {
  return count === 1 ? l10n.t("1 connection open") : l10n.t("{0} connections open", count);
}
