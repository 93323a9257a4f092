/** The items among which a service is chosen: those that listen, the targets there are already, and what was typed. */
import { l10n, type QuickPickItem, QuickPickItemKind, ThemeIcon } from "vscode";
import type { Problem } from "../core/errors.ts";
import type { Asking, ServiceChoice } from "./asking.ts";
import { inEditorsWords } from "./editors-words.ts";
import { plainLabel } from "./plain-text.ts";
import type { Scouting } from "./scouting.ts";
import { type ServiceRow, serviceRows } from "./service-rows.ts";
import { readTyped } from "./typed-target.ts";

export interface ServiceItem extends QuickPickItem {
  /** Absent where there is nothing to choose. */
  readonly choice?: ServiceChoice | "kept";
}

/** Do both stand for the same, though they were made at different times? */
export function isSameChoice(one: ServiceItem, other: ServiceItem | undefined): boolean {
  const [a, b] = [one.choice, other?.choice];
  if (typeof a !== "object" || typeof b !== "object") return a !== undefined && a === b;
  if (a.is === "service" && b.is === "service") return a.service.port === b.service.port;
  return a.is === b.is;
}

/** What was typed comes first when it is a whole target, and behind the services that it may be the beginning of otherwise. */
export function serviceItems(
  typed: string,
  kept: string | undefined,
  { scouting, routes, folders }: Asking,
): ServiceItem[] {
  const found = serviceRows(scouting.services, routes, folders, l10n).filter((row) => matches(row, typed));
  const isExact = ({ service }: ServiceRow) => Number(String(service.port) === typed);
  const rows = found.toSorted((a, b) => isExact(b) - isExact(a));
  const own = typed === "" ? [] : typedItems(typed, rows);
  const services = [
    ...(kept?.includes(typed) ? [keepItem(kept)] : []),
    ...rows.flatMap((row, index) => rowItems(row, rows[index - 1])),
  ];
  const items = shortPort.test(typed) ? [...services, ...own] : [...own, ...services];
  return items.length > 0 || scouting.isLooking ? items : [nothingItem(scouting)];
}

/** Few services listen on such a port, and many on one that begins so. */
const shortPort = /^\d{1,3}$/;

function matches({ label, description }: ServiceRow, typed: string): boolean {
  return `${label} ${description}`.toLowerCase().includes(typed.toLowerCase());
}

/** Before the first of each group stands what the group is. */
function rowItems(
  { label, description, icon, group, service }: ServiceRow,
  before: ServiceRow | undefined,
): ServiceItem[] {
  const item: ServiceItem = {
    label: plainLabel(label),
    description: plainLabel(description),
    iconPath: new ThemeIcon(icon),
    alwaysShow: true,
    choice: { is: "service", service },
  };
  if (before?.group === group) return [item];
  return [{ label: groupLabel(group), kind: QuickPickItemKind.Separator }, item];
}

function groupLabel(group: ServiceRow["group"]): string {
  switch (group) {
    case "developed":
      return l10n.t("development");
    case "other":
      return l10n.t("other services");
    case "routed":
      return l10n.t("with a route");
  }
}

/** What was typed, as a target or as what is wrong with it; nothing while it may be the beginning of a service's name. */
function typedItems(typed: string, rows: readonly ServiceRow[]): ServiceItem[] {
  const read = readTyped(typed);
  if (!read.ok) return rows.length > 0 ? [] : [problemItem(read.error)];
  const targets = read.value;
  if (rows.some(({ service }) => service.port === targets)) return [];
  const label = typeof targets === "number" ? `http://localhost:${targets}` : typed;
  return [
    {
      label: plainLabel(label),
      description: l10n.t("as typed"),
      iconPath: new ThemeIcon("edit"),
      alwaysShow: true,
      choice: { is: "typed", targets },
    },
  ];
}

/** Says what is wrong; it cannot be chosen. */
export function problemItem({ message, remedy }: Problem): ServiceItem {
  return {
    label: plainLabel(message),
    detail: plainLabel(inEditorsWords(remedy)),
    iconPath: new ThemeIcon("error"),
    alwaysShow: true,
  };
}

function keepItem(kept: string): ServiceItem {
  return {
    label: plainLabel(kept),
    description: l10n.t("as it is"),
    iconPath: new ThemeIcon("check"),
    alwaysShow: true,
    choice: "kept",
  };
}

function nothingItem({ problem }: Scouting): ServiceItem {
  if (problem) return problemItem(problem);
  return {
    label: l10n.t("No service listens on this machine yet."),
    detail: l10n.t("Start one, or type its port or URL."),
    iconPath: new ThemeIcon("info"),
    alwaysShow: true,
  };
}
