/** "Remove Everything Oneport Added…": listed, agreed to, taken back one by one, and told what is left. */
import { l10n, window } from "vscode";
import { findLeftovers } from "../platform/clean/find.ts";
import type { Leftover, Removal } from "../platform/clean/leftover.ts";
import { elevate } from "../platform/elevate.ts";
import { controlFolder } from "../session/control-folder.ts";
import type { MuxHost } from "./mux-host.ts";
import type { TrustContext } from "./trust-change.ts";

export async function clean({
  elevation,
  stateDirectory,
  log,
  host,
}: TrustContext & { readonly host: MuxHost }): Promise<void> {
  const { machine } = elevation;
  const { platform, environment } = machine;
  const control = controlFolder(stateDirectory, { platform, environment, uid: process.getuid?.() });
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
  await host.stop({ forAll: true });
  const left: string[] = [];
  for (const leftover of leftovers) {
    const removal = await leftover.remove();
    log.info(`${shown(leftover)}: ${removal.how}`);
    left.push(...whatIsLeft(leftover, removal));
  }
  if (left.length === 0) return;
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
      return [`${shown(leftover)}: ${removal.problem.message} ${removal.problem.remedy}`];
  }
}
