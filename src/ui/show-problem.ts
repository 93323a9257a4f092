/** A problem as one message: what happened, what to do, and at most three actions that help. */
import { commands, l10n, window } from "vscode";
import type { Problem } from "../core/errors.ts";
import type { CommandName } from "./command-names.ts";
import { problemText } from "./editors-words.ts";
import { openSettings } from "./open-settings.ts";

interface Action {
  readonly title: string;
  readonly run: () => PromiseLike<unknown>;
}

/** `endsMux`: the mux does not run for it, and may be tried again whatever it is. */
export async function showProblem(problem: Problem, { endsMux = false } = {}): Promise<void> {
  const actions = actionsFor(problem.code, endsMux);
  const chosen = await window.showErrorMessage(problemText(problem), ...actions.map(({ title }) => title));
  const action = actions.find(({ title }) => title === chosen);
  await action?.run();
}

function actionsFor(code: string, endsMux: boolean): Action[] {
  const command = (title: string, name: CommandName): Action => ({
    title,
    run: () => commands.executeCommand(`oneport.${name}`),
  });
  const log = command(l10n.t("Show Log"), "showLog");
  const again = command(l10n.t("Try Again"), "start");
  const change: Action = { title: l10n.t("Change Port"), run: () => openSettings("oneport.port") };
  switch (code) {
    case "port-taken":
      return [again, change, log];
    case "port-forbidden":
      return [command(l10n.t("Use Port 443…"), "usePort443"), change, log];
    default:
      return endsMux ? [again, log] : [log];
  }
}
