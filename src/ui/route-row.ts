/** A route as a row of the tree, with its targets and open connections as rows below. */
import { fittingClients, urlOf } from "../core/connect-command.ts";
import type { OpenConnections } from "../core/events.ts";
import { visible } from "../core/printable.ts";
import type { RouteFacts, TargetFacts } from "./route-facts.ts";
import { healthIcon, routeIcon } from "./route-looks.ts";
import { routeTooltip } from "./route-tooltip.ts";
import { connectionCount, kindWord, stateWord } from "./route-words.ts";
import { type Localizer, type Row, rowId } from "./row.ts";

export function routeRow(facts: RouteFacts, l10n: Localizer): Row {
  const { domain, state, written } = facts;
  const id = written ? rowId("route", written.place.id, written.key) : rowId("other", domain);
  return {
    id,
    label: visible(domain),
    description: describe(facts, l10n),
    icon: routeIcon(facts),
    contextValue: contextWords(facts).join(" "),
    tooltip: routeTooltip(facts, l10n),
    spoken: speak(facts, l10n),
    state,
    children: [
      ...facts.targets.map((target, index) => targetRow(rowId(id, "target", index), target, l10n)),
      ...(facts.open ? connectionRows(id, facts.open, l10n) : []),
    ],
    route: facts,
  };
}

function describe(facts: RouteFacts, l10n: Localizer): string {
  const { state, open, problems, resolves } = facts;
  const [problem] = problems;
  if (state === "broken" && problem) return visible(problem.message);
  const goal = goalOf(facts, l10n);
  return [
    ...(goal === undefined ? [] : [`→ ${goal}`]),
    ...(state === "up" || state === "unknown" ? [] : [stateWord(facts, l10n)]),
    ...(resolves === false ? [l10n.t("name does not resolve")] : []),
    ...(open ? [l10n.t("{0} open", open.count)] : []),
  ].join(" · ");
}

/** Where connections go, in a few words. */
function goalOf({ targets, state }: RouteFacts, l10n: Localizer): string | undefined {
  const [target, ...others] = targets;
  if (!target || others.length === 0) return target?.place;
  const down = targets.filter(({ health }) => health?.state === "down").length;
  return state === "up" && down > 0
    ? l10n.t("{0} targets, {1} down", targets.length, down)
    : l10n.t("{0} targets", targets.length);
}

function speak(facts: RouteFacts, l10n: Localizer): string {
  const { kind, state, problems, open, resolves } = facts;
  const [problem] = problems;
  const goal = goalOf(facts, l10n);
  return [
    visible(facts.domain),
    ...(kind ? [kindWord(kind, l10n)] : []),
    stateWord(facts, l10n),
    ...(state === "broken" && problem ? [visible(problem.message)] : []),
    ...(goal === undefined ? [] : [l10n.t("goes to {0}", goal)]),
    ...(resolves === false ? [l10n.t("name does not resolve")] : []),
    ...(open ? [connectionCount(open.count, l10n)] : []),
  ].join(", ");
}

/** `package.json` names these in the `when` of its menus. */
function contextWords({ endpoint, resolves, state, written }: RouteFacts): readonly string[] {
  const clients = endpoint ? fittingClients(endpoint) : [];
  const url = endpoint && urlOf(endpoint);
  const isEditable = written !== undefined && state !== "untrusted";
  const words = {
    route: true,
    named: endpoint !== undefined,
    web: url?.startsWith("https:"),
    stream: endpoint !== undefined && url === undefined,
    unresolved: resolves === false,
    written: written !== undefined,
    editable: isEditable,
    disabled: state === "disabled",
    enabled: isEditable && state !== "disabled" && state !== "broken",
  };
  return [...Object.entries(words).flatMap(([word, applies]) => (applies ? [word] : [])), ...clients];
}

function targetRow(id: string, { url, health }: TargetFacts, l10n: Localizer): Row {
  const description = health ? (health.reason ?? healthWord(health.state, l10n)) : l10n.t("not checked yet");
  return {
    id,
    label: visible(url),
    description: visible(description),
    icon: healthIcon(health?.state),
    contextValue: "target",
    spoken: l10n.t("Target {0}, {1}", visible(url), visible(description)),
    children: [],
  };
}

function healthWord(state: "up" | "down", l10n: Localizer): string {
  return state === "up" ? l10n.t("up") : l10n.t("down");
}

function connectionRows(
  routeId: string,
  { count, oldest }: OpenConnections,
  l10n: Localizer,
): readonly Row[] {
  const rows = oldest.map(({ id, client, since }): Row => {
    const time = l10n.t("since {0}", new Date(since).toLocaleTimeString());
    return {
      id: rowId(routeId, "connection", id),
      label: visible(client),
      description: time,
      icon: { id: "arrow-swap" },
      contextValue: "connection",
      spoken: l10n.t("Connection from {0}, open {1}", visible(client), time),
      children: [],
    };
  });
  const more = l10n.t("and {0} more", count - oldest.length);
  if (count <= oldest.length) return rows;
  const last = { id: rowId(routeId, "more"), label: more, contextValue: "more", spoken: more, children: [] };
  return [...rows, last];
}
