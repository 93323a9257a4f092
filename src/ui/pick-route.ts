/** Asks which route a command is about, when it was not called on a row. */
import { l10n, type QuickPickItem, window } from "vscode";
import { visible } from "../core/printable.ts";
import { plainLabel } from "./plain-text.ts";
import type { RouteFacts } from "./route-facts.ts";
import { routeRow } from "./route-row.ts";
import type { WrittenRoute } from "./route-settings.ts";
import { rowOf } from "./routes-tree.ts";
import { themeIcon } from "./theme-icon.ts";

interface Choice extends QuickPickItem {
  readonly route: RouteFacts;
}

/**
 * What `read` finds in the route that a command is about: that of the row it was called on, else one that is picked
 * among those where it finds something. Undefined when nothing was picked, or, after saying so, when there is nothing to pick.
 */
export async function chooseRoute<T>(
  argument: unknown,
  title: string,
  routes: readonly RouteFacts[],
  read: (route: RouteFacts) => T | undefined,
): Promise<T | undefined> {
  const route =
    rowOf(argument)?.route ??
    (await pick(
      title,
      routes.filter((each) => read(each) !== undefined),
    ));
  return route && read(route);
}

/** Nothing acts in a folder that is not trusted, and its file is not ours to change. */
export function editable({ written, state }: RouteFacts): WrittenRoute | undefined {
  return state === "untrusted" ? undefined : written;
}

async function pick(title: string, routes: readonly RouteFacts[]): Promise<RouteFacts | undefined> {
  if (routes.length === 0) {
    void window.showInformationMessage(l10n.t("{0}: there is no route for that.", title));
    return undefined;
  }
  const choice = await window.showQuickPick(routes.map(choiceOf), {
    title,
    placeHolder: l10n.t("Which route?"),
    matchOnDescription: true,
  });
  return choice?.route;
}

function choiceOf(route: RouteFacts): Choice {
  const { label, description, icon } = routeRow(route, l10n);
  return {
    label: plainLabel(label),
    route,
    ...(description !== undefined && { description: plainLabel(description) }),
    ...(icon && { iconPath: themeIcon(icon) }),
    ...(route.written && { detail: plainLabel(visible(route.written.place.name)) }),
  };
}
