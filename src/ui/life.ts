/** When the mux starts by itself in a window: because its user started it there, or because a trusted folder has routes. */
import { Disposable, type Memento, workspace } from "vscode";
import { parseSettings } from "../core/settings.ts";
import type { RouteSettings } from "./route-settings.ts";

/** Kept for each workspace, so that it survives a reload, a crash of the extension host and the next day. */
const wishKey = "oneport.isWanted";

/** What the user did last counts; without that, the settings do, and they say the same after a reload as before. */
export function shouldStart(memory: Memento, settings: Readonly<Record<string, unknown>>): boolean {
  const remembered: unknown = memory.get(wishKey);
  if (typeof remembered === "boolean") return remembered;
  const { autoStart, routes } = parseSettings(settings).settings;
  const hasTrustedFolder = workspace.isTrusted && (workspace.workspaceFolders ?? []).length > 0;
  return autoStart && hasTrustedFolder && routes.length > 0;
}

/** Of what the user did, not of a start that nobody asked for: that is left to the settings the next time too. */
export async function rememberWish(memory: Memento, isWanted: boolean): Promise<void> {
  await memory.update(wishKey, isWanted);
}

/**
 * How long after a folder is there, or is trusted, a change of the settings is taken for the arrival of its own: a busy machine takes
 * its time.
 */
const arrivalMilliseconds = 20_000;

/**
 * Calls `act` when a folder is added or the workspace is trusted, and again when its routes come: VS Code tells of the folder first,
 * and a moment later what its settings say. So it may be with the folders that a window is opened with.
 */
export function onFolderOpened(settings: RouteSettings, act: () => void): Disposable {
  let waitsUntil = performance.now() + arrivalMilliseconds;
  const opened = () => {
    waitsUntil = performance.now() + arrivalMilliseconds;
    act();
  };
  return Disposable.from(
    workspace.onDidChangeWorkspaceFolders(opened),
    workspace.onDidGrantWorkspaceTrust(opened),
    settings.onDidChange(() => {
      if (settings.routes.length > 0 && performance.now() < waitsUntil) act();
    }),
  );
}
