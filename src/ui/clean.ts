/** "Remove Everything Oneport Added…": listed, agreed to, taken back one by one, and told what was removed and what is left. */
import { type LogOutputChannel, l10n, window } from "vscode";
import { findLeftovers } from "../platform/clean/find.ts";
import type { Leftover, Removal } from "../platform/clean/leftover.ts";
import { elevate } from "../platform/elevate.ts";
import { controlFolder } from "../session/control-folder.ts";
import { problemText } from "./editors-words.ts";
import type { TrustContext } from "./trust-change.ts";

export interface CleanContext extends TrustContext {
  /** Ends the mux for all windows; this one finds it stopped when it is opened again. */
  readonly stopForAll: () => Promise<void>;
  /** To be called when the machine has changed. */
  readonly checkAgain: () => Promise<void>;
}

export async function clean(context: CleanContext): Promise<void> {
  const { elevation, stateDirectory, log, stopForAll, checkAgain } = context;
  const { machine } = elevation;
  const control = controlFolder(stateDirectory, machine);
  const leftovers = await findLeftovers({
    machine,
    stateDirectory,
    controlFolder: control.path,
    elevate: (step) => elevate(step, elevation),
  });
  if (leftovers.length === 0) {
    void window.showInformationMessage(l10n.t("Nothing of Oneport is left on this machine."));
    return;
  }
  const remove = l10n.t("Remove Everything");
  const detail = leftovers.map(shown).join("\n");
  const question = l10n.t("Stop Oneport in all windows, and remove what it added to this machine?");
  if ((await window.showWarningMessage(question, { modal: true, detail }, remove)) !== remove) return;
  // A running mux would make the authority again.
  await stopForAll();
  const removed: string[] = [];
  const left: string[] = [];
  for (const leftover of leftovers) {
    const removal = await leftover.remove();
    log.info(`${shown(leftover)}: ${removal.how}`);
    if (removal.how === "removed") removed.push(shown(leftover));
    left.push(...whatIsLeft(leftover, removal));
  }
  if (removed.length > 0) {
    void window.showInformationMessage(l10n.t("Removed from this machine: {0}.", removed.join("; ")));
  }
  if (left.length > 0) void tellLeft(left, log);
  await checkAgain();
}

async function tellLeft(left: readonly string[], log: LogOutputChannel): Promise<void> {
  log.warn(left.join("\n"));
  const showLog = l10n.t("Show Log");
  const message = l10n.t("Some things are left for you to remove: {0}", left.join(" "));
  if ((await window.showWarningMessage(message, showLog)) === showLog) log.show();
}

function shown({ what, place }: Leftover): string {
  return `${what} (${place})`;
}

function whatIsLeft(leftover: Leftover, removal: Removal): readonly string[] {
  switch (removal.how) {
    case "removed":
      return [];
    case "administrator":
      return [`${shown(leftover)}:`, ...removal.instructions];
    case "failed":
      return [`${shown(leftover)}: ${problemText(removal.problem)}`];
  }
}
