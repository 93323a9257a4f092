/** A row of the tree as plain data: what is drawn of it, and which rows a redraw has changed. */
import { isDeepStrictEqual } from "node:util";
import type { RouteFacts, RouteState } from "./route-facts.ts";

/** A codicon and a theme colour by their ids. */
export interface Icon {
  readonly id: string;
  readonly color?: string;
}

export interface Row {
  /** The same over redraws, so that selection and expansion stay; no other row has it. */
  readonly id: string;
  readonly label: string;
  readonly description?: string;
  readonly icon?: Icon;
  /** The words by which package.json's menus choose their items. */
  readonly contextValue: string;
  /** Markdown. */
  readonly tooltip?: string;
  /** All of it in one sentence, for screen readers. */
  readonly spoken: string;
  /** What the row's colour and mark show of a route. */
  readonly state?: RouteState;
  /** The command that a click on it, or Enter, runs. */
  readonly command?: string;
  readonly children: readonly Row[];
  /** Shows its children at first. */
  readonly isExpanded?: boolean;
  readonly route?: RouteFacts;
  /** The id of the suggested service that it shows. */
  readonly suggestion?: string;
}

/** A row at the top of the tree that says what to do next; it runs `command`. */
export interface Notice {
  readonly id: string;
  readonly label: string;
  readonly description?: string;
  readonly icon: Icon;
  readonly command: string;
  /** Plain text. */
  readonly tooltip?: string;
}

/** A service that could have a route. */
export interface Suggestion {
  readonly id: string;
  readonly label: string;
  readonly description?: string;
}

/** `l10n` of vscode, as far as rows need it. */
export interface Localizer {
  t(message: string, ...values: (string | number)[]): string;
}

export function rowId(...path: readonly (string | number)[]): string {
  return JSON.stringify(path);
}

/** The ids of the rows that must be drawn anew, each with all below it; undefined when the list itself is another. */
export function changedRows(before: readonly Row[], after: readonly Row[]): readonly string[] | undefined {
  if (before.length !== after.length) return undefined;
  const changed: string[] = [];
  for (const [index, row] of after.entries()) {
    const old = before[index];
    if (old?.id !== row.id) return undefined;
    const below = isDrawnAlike(old, row) ? changedRows(old.children, row.children) : undefined;
    changed.push(...(below ?? [row.id]));
  }
  return changed;
}

function isDrawnAlike(a: Row, b: Row): boolean {
  return isDeepStrictEqual(drawn(a), drawn(b));
}

function drawn({ children, route: _, ...rest }: Row) {
  return { ...rest, hasChildren: children.length > 0 };
}
