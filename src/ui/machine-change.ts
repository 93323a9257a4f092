/** A change of this machine outside VS Code: shown whole, agreed to by one click, and then made. */
import { window } from "vscode";
import type { Problem } from "../core/errors.ts";
import { showProblem } from "./show-problem.ts";

export interface MachineChange {
  /** One question, such as "Change /etc/hosts like this?". */
  readonly question: string;
  /** The whole of what is agreed to. */
  readonly detail: string;
  /** The button's text. */
  readonly action: string;
  /** Makes the change and looks whether it works; what went wrong is the answer. */
  readonly carryOut: () => Promise<readonly Problem[]>;
}

/**
 * One question for all of them, and the first one's button. Answers whether it was agreed to, when all is done; problems are shown,
 * and nobody waits until they are read.
 */
export async function offer(changes: readonly MachineChange[], action?: string): Promise<boolean> {
  const [first, ...others] = changes;
  if (!first) return false;
  const question = first.question;
  const detail = [first.detail, ...others.map((each) => `${each.question}\n${each.detail}`)].join("\n\n");
  const button = action ?? first.action;
  const chosen = await window.showWarningMessage(question, { modal: true, detail }, button);
  if (chosen !== button) return false;
  // One after the other: two questions for a password at once would confuse.
  for (const change of changes) for (const problem of await change.carryOut()) void showProblem(problem);
  return true;
}
