/** The colour of a route's name and the mark at the end of its row, by its state. */
import { type Disposable, FileDecoration, ThemeColor, Uri, window } from "vscode";
import type { RouteState } from "./route-facts.ts";
import { stateLooks } from "./route-looks.ts";

const scheme = "oneport-state";

/** A tree row with this URI is drawn as the state says; nothing else has such URIs. */
export function stateUri(state: RouteState): Uri {
  return Uri.from({ scheme, path: `/${state}` });
}

export function registerStateDecorations(): Disposable {
  const decorations = new Map(
    Object.entries(stateLooks).map(([state, { mark, labelColor }]) => {
      const color = labelColor === undefined ? undefined : new ThemeColor(labelColor);
      return [`/${state}`, new FileDecoration(mark, undefined, color)];
    }),
  );
  return window.registerFileDecorationProvider({
    provideFileDecoration: ({ scheme: own, path }) => (own === scheme ? decorations.get(path) : undefined),
  });
}
