/** "Use Port 443…": whether this system lets us have it, and the least that has to change for that. */
import { ConfigurationTarget, l10n, window, workspace } from "vscode";
import { type Elevation, elevate } from "../platform/elevate.ts";
import { portHolder } from "../platform/listening-ports.ts";
import { planPort443 } from "../platform/low-port.ts";
import { showProblem } from "./show-problem.ts";

/** Is the port ours to use now, so that the mux should be started again? */
export async function usePort443(elevation: Elevation): Promise<boolean> {
  const holder = await portHolder(elevation.machine, 443);
  const plan = await planPort443(elevation.machine, holder.ok ? holder.value?.words : undefined);
  const { state, explanation, commands, keep, step } = plan;
  if (state === "free") return takePort();
  if (state !== "needs-change" || step?.do !== "allow-443") {
    void window.showWarningMessage([explanation, ...commands].join("\n"));
    return false;
  }
  const untilRestart = l10n.t("Until the Next Restart");
  const always = l10n.t("Always");
  const chosen = await window.showWarningMessage(
    l10n.t("Let programs of yours use port 443?"),
    { modal: true, detail: [explanation, "", ...commands, "", l10n.t("Always:"), ...keep].join("\n") },
    untilRestart,
    always,
  );
  if (chosen === undefined) return false;
  const done = await elevate({ ...step, persist: chosen === always }, elevation);
  if (done.ok) return takePort();
  await showProblem(done.error);
  return false;
}

async function takePort(): Promise<boolean> {
  await workspace.getConfiguration("oneport").update("port", 443, ConfigurationTarget.Global);
  return true;
}
