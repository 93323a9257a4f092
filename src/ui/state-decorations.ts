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
  const decorations = new Map<string, FileDecoration>();
  for (const [state, { mark, labelColor }] of Object.entries(stateLooks)) {
    // VS Code takes an empty decoration for a mistake.
    if (mark === undefined && labelColor === undefined) continue;
    const color = labelColor === undefined ? undefined : new ThemeColor(labelColor);
    decorations.set(`/${state}`, new FileDecoration(mark, undefined, color));
  }
  return window.registerFileDecorationProvider({
    provideFileDecoration: ({ scheme: own, path }) => (own === scheme ? decorations.get(path) : undefined),
  });
}
