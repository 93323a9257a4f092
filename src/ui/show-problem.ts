/** A problem as one message: what happened, what to do, and at most three actions that help. */
import { commands, l10n, window } from "vscode";
import type { Problem } from "../core/errors.ts";
import { inEditorsWords } from "./editors-words.ts";

interface Action {
  readonly title: string;
  readonly command: string;
  readonly argument?: unknown;
}

/** `endsMux`: the mux does not run for it, and may be tried again whatever it is. */
export async function showProblem(problem: Problem, { endsMux = false } = {}): Promise<void> {
  const text = inEditorsWords(`${problem.message} ${problem.remedy}`.trim());
  const actions = actionsFor(problem.code, endsMux);
  const chosen = await window.showErrorMessage(text, ...actions.map(({ title }) => title));
  const action = actions.find(({ title }) => title === chosen);
  if (action) await commands.executeCommand(action.command, action.argument);
}

function actionsFor(code: string, endsMux: boolean): Action[] {
  const log: Action = { title: l10n.t("Show Log"), command: "oneport.showLog" };
  const again: Action = { title: l10n.t("Try Again"), command: "oneport.start" };
  const change: Action = {
    title: l10n.t("Change Port"),
    command: "workbench.action.openSettings",
    argument: "oneport.port",
  };
  switch (code) {
    case "port-taken":
      return [again, change, log];
    case "port-forbidden":
      return [{ title: l10n.t("Use Port 443…"), command: "oneport.usePort443" }, change, log];
    default:
      return endsMux ? [again, log] : [log];
  }
}
