/** The whole tree as rows: notices, routes (by place, where there are several), other windows' routes, suggested services. */
import { visible } from "../core/printable.ts";
import { plainMarkdown } from "./plain-text.ts";
import type { RouteFacts } from "./route-facts.ts";
import { routeRow } from "./route-row.ts";
import { type Localizer, type Notice, type Row, rowId, type Suggestion } from "./row.ts";

export interface Tree {
  readonly notices: readonly Notice[];
  readonly routes: readonly RouteFacts[];
  readonly suggestions: readonly Suggestion[];
}

/** Without routes nothing is suggested: the view's welcome, which an empty tree shows, leads to the same services. */
export function treeRows({ notices, routes, suggestions }: Tree, l10n: Localizer): readonly Row[] {
  const own = routes.filter(({ written }) => written);
  const others = routes.filter(({ written }) => !written);
  return [
    ...notices.map(noticeRow),
    ...ownRows(own, l10n),
    ...(others.length > 0
      ? [
          groupRow(
            ["others"],
            l10n.t("Other Windows"),
            others.map((each) => routeRow(each, l10n)),
            l10n,
          ),
        ]
      : []),
    ...(routes.length > 0 && suggestions.length > 0
      ? [
          groupRow(
            ["suggested"],
            l10n.t("Suggested"),
            suggestions.map((each) => suggestionRow(each, l10n)),
            l10n,
          ),
        ]
      : []),
  ];
}

function ownRows(routes: readonly RouteFacts[], l10n: Localizer): readonly Row[] {
  const places = new Map(
    routes.flatMap(({ written }) => (written ? [[written.place.id, written.place]] : [])),
  );
  if (places.size < 2) return routes.map((each) => routeRow(each, l10n));
  return [...places.values()].map(({ id, name }) => {
    const rows = routes.filter(({ written }) => written?.place.id === id).map((each) => routeRow(each, l10n));
    return groupRow(["place", id], name, rows, l10n);
  });
}

function groupRow(path: readonly string[], label: string, children: readonly Row[], l10n: Localizer): Row {
  return {
    id: rowId(...path),
    label: visible(label),
    contextValue: "group",
    spoken: l10n.t("{0}, group of {1}", visible(label), children.length),
    children,
    isExpanded: true,
  };
}

function noticeRow({ id, label, description, icon, command, tooltip }: Notice): Row {
  return {
    id: rowId("notice", id),
    label,
    icon,
    contextValue: "notice",
    spoken: description === undefined ? label : `${label}, ${description}`,
    command,
    children: [],
    ...(description !== undefined && { description }),
    ...(tooltip !== undefined && { tooltip: tooltip.split("\n").map(plainMarkdown).join("  \n") }),
  };
}

function suggestionRow({ id, label, description }: Suggestion, l10n: Localizer): Row {
  const shown = visible(description ?? "");
  return {
    id: rowId("suggested", id),
    label: visible(label),
    description: shown,
    icon: { id: "lightbulb" },
    contextValue: "suggested",
    spoken: l10n.t("Suggested: {0} {1}", visible(label), shown).trim(),
    children: [],
    suggestion: id,
  };
}
