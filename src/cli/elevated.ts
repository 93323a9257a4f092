/** Asks the user at the terminal whether to go on as an administrator, and then for the rights: what is to be done was shown before. */
import type { ElevatedStep } from "../core/elevated-step.ts";
import type { Result } from "../core/errors.ts";
import { canElevate, elevate, ownTerminal } from "../platform/elevate.ts";
import { thisMachine } from "../platform/machine.ts";
import { agreesTo, canAsk } from "./ask.ts";
import { entryOf } from "./entries.ts";

/** Undefined when nothing was tried: nobody sits there, there is no way, or the answer was no. */
export async function offerElevation(
  step: ElevatedStep,
  question: string,
): Promise<Result<void> | undefined> {
  const how = { entry: entryOf("elevated"), machine: thisMachine(), terminal: ownTerminal };
  if (!canAsk() || !(await canElevate(how)) || !(await agreesTo(question))) return undefined;
  return elevate(step, how);
}
