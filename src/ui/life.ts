/** When the mux starts by itself in a window: because it ran there before, or because a trusted folder has routes. */
import { type Disposable, type Memento, workspace } from "vscode";
import { parseSettings } from "../core/settings.ts";
import type { RouteSettings } from "./route-settings.ts";

/** Kept for each workspace, so that it survives a reload, a crash of the extension host and the next day. */
const wasRunning = "oneport.wasRunning";

/** Whoever stopped it finds it stopped when the window is opened again. */
export function shouldStart(memory: Memento, settings: Readonly<Record<string, unknown>>): boolean {
  const remembered: unknown = memory.get(wasRunning);
  if (typeof remembered === "boolean") return remembered;
  const { autoStart, routes } = parseSettings(settings).settings;
  const hasTrustedFolder = workspace.isTrusted && (workspace.workspaceFolders ?? []).length > 0;
  return autoStart && hasTrustedFolder && routes.length > 0;
}

export async function rememberRunning(memory: Memento, isRunning: boolean): Promise<void> {
  await memory.update(wasRunning, isRunning);
}

/** Calls `act` when routes of a folder that was not trusted act: VS Code tells of the trust first, and then of its settings. */
export function onceTrusted(settings: RouteSettings, act: () => void): Disposable {
  let isWaiting = false;
  return settings.onDidChange(() => {
    const { routes } = settings;
    if (routes.some(({ fate }) => fate.is === "untrusted")) isWaiting = true;
    else if (isWaiting && routes.length > 0) {
      isWaiting = false;
      act();
    }
  });
}
