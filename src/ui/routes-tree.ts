/** The view of routes in the side bar: rows redrawn from events, and only those that changed. */
import {
  Disposable,
  type Event,
  EventEmitter,
  l10n,
  MarkdownString,
  type TreeDataProvider,
  TreeItem,
  TreeItemCollapsibleState,
  type TreeView,
  window,
} from "vscode";
import type { MuxState } from "../core/mux-state.ts";
import type { MuxHost } from "./mux-host.ts";
import type { RouteFacts } from "./route-facts.ts";
import type { RouteSettings } from "./route-settings.ts";
import { changedRows, type Row } from "./row.ts";
import { stateUri } from "./state-decorations.ts";
import { themeIcon } from "./theme-icon.ts";
import { type Tree, treeRows } from "./tree-rows.ts";

/** Events come in bursts; one redraw answers all of them. */
const redrawMilliseconds = 100;

export interface TreeSources {
  readonly settings: RouteSettings;
  readonly host: MuxHost;
  /** Asked at each redraw. */
  readonly contents: () => Tree;
  /** Beside a change of the settings or of the mux: after which `contents` may answer something else. */
  readonly onDidChangeSurroundings: Event<unknown>;
}

/** What VS Code knows a row by: the same over redraws, while its row is replaced. */
class Element {
  row: Row;

  constructor(row: Row) {
    this.row = row;
  }
}

export class RoutesTree implements TreeDataProvider<Element>, Disposable {
  readonly #sources: TreeSources;
  readonly #changed = new EventEmitter<Element[] | undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #view: TreeView<Element>;
  readonly #owned: Disposable;
  #elements = new Map<string, Element>();
  #routes: readonly RouteFacts[] = [];
  #rows: readonly Row[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(sources: TreeSources) {
    this.#sources = sources;
    this.#read();
    this.#view = window.createTreeView("oneport.routes", { treeDataProvider: this });
    this.#dress();
    const { settings, host, onDidChangeSurroundings } = sources;
    const redraw = () => this.#redrawSoon();
    this.#owned = Disposable.from(
      this.#view,
      this.#changed,
      settings.onDidChange(redraw),
      host.onDidChange(redraw),
      onDidChangeSurroundings(redraw),
      this.#view.onDidChangeVisibility(({ visible }) => host.watch(visible)),
    );
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#owned.dispose();
  }

  get isVisible(): boolean {
    return this.#view.visible;
  }

  get onDidChangeVisibility(): Event<unknown> {
    return this.#view.onDidChangeVisibility;
  }

  getTreeItem({ row }: Element): TreeItem {
    return treeItem(row);
  }

  getChildren(element?: Element): Element[] {
    return (element?.row.children ?? this.#rows).map((row) => this.#elementOf(row));
  }

  #elementOf(row: Row): Element {
    const known = this.#elements.get(row.id);
    if (known) return known;
    const element = new Element(row);
    this.#elements.set(row.id, element);
    return element;
  }

  #redrawSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#redraw();
    }, redrawMilliseconds);
  }

  #redraw(): void {
    const before = this.#rows;
    this.#read();
    this.#dress();
    const ids = changedRows(before, this.#rows);
    const changed = ids?.flatMap((id) => this.#elements.get(id) ?? []);
    if (changed?.length !== 0) this.#changed.fire(changed);
  }

  #read(): void {
    const contents = this.#sources.contents();
    this.#routes = contents.routes;
    this.#rows = treeRows(contents, l10n);
    const rows = new Map(allRows(this.#rows).map((row) => [row.id, row]));
    // A row that VS Code has been given lives on as the same element; one that is gone is forgotten.
    const kept = [...this.#elements].filter(([id]) => rows.has(id));
    for (const [id, element] of kept) element.row = rows.get(id) ?? element.row;
    this.#elements = new Map(kept);
  }

  /** The view's name, with the port, and the number on its icon. */
  #dress(): void {
    const { state } = this.#sources.host;
    // A view that is alone in its container shows no description.
    const title = l10n.t("Routes");
    const news = describe(state, this.#routes.length);
    this.#view.title = news === undefined ? title : `${title} ${news}`;
    // Services go down and up all day; what the settings say wrongly stays until somebody looks.
    const wrong = this.#routes.filter(({ state }) => state === "broken" || state === "conflict").length;
    const tooltip = wrong === 1 ? l10n.t("1 route does not act") : l10n.t("{0} routes do not act", wrong);
    this.#view.badge = wrong > 0 ? { value: wrong, tooltip } : undefined;
  }
}

/** The row that a command was called on; undefined when it came from elsewhere. */
export function rowOf(argument: unknown): Row | undefined {
  return argument instanceof Element ? argument.row : undefined;
}

function allRows(rows: readonly Row[]): readonly Row[] {
  return rows.flatMap((row) => [row, ...allRows(row.children)]);
}

function describe({ phase, port }: MuxState, routeCount: number): string | undefined {
  switch (phase) {
    case "running":
      return `:${port}`;
    case "starting":
      return l10n.t("(starting)");
    case "stopping":
      return l10n.t("(stopping)");
    case "stopped":
      return routeCount > 0 ? l10n.t("(stopped)") : undefined;
  }
}

function treeItem(row: Row): TreeItem {
  const item = new TreeItem(row.label, collapsibleState(row));
  item.id = row.id;
  item.contextValue = row.contextValue;
  item.accessibilityInformation = { label: row.spoken };
  if (row.description !== undefined) item.description = row.description;
  if (row.icon) item.iconPath = themeIcon(row.icon);
  if (row.tooltip !== undefined) item.tooltip = new MarkdownString(row.tooltip);
  if (row.state) item.resourceUri = stateUri(row.state);
  if (row.command !== undefined) item.command = { command: row.command, title: row.label };
  return item;
}

function collapsibleState({ children, isExpanded }: Row): TreeItemCollapsibleState {
  if (children.length === 0) return TreeItemCollapsibleState.None;
  return isExpanded ? TreeItemCollapsibleState.Expanded : TreeItemCollapsibleState.Collapsed;
}
