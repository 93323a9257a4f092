/** `oneport clean`: takes back everything that Oneport put on this machine. */
import type { Problem } from "../core/errors.ts";
import { visible } from "../core/printable.ts";
import { findLeftovers } from "../platform/clean/find.ts";
import type { Leftover, Removal } from "../platform/clean/leftover.ts";
import { thisMachine } from "../platform/machine.ts";
import type { ControlFolder } from "../session/control-folder.ts";
import { endAll } from "../session/observer.ts";
import type { CommandOptions } from "./arguments.ts";
import { agreesTo, canAsk } from "./ask.ts";
import { offerElevation } from "./elevated.ts";
import { ownControlFolder, ownStateDirectory } from "./own-folders.ts";
import { formatTable } from "./table.ts";
import type { Terminal } from "./terminal.ts";

/** Exit status 1 when something is left, 2 when nobody could be asked. */
export async function clean({ yes }: CommandOptions, terminal: Terminal): Promise<number> {
  const control = ownControlFolder();
  const leftovers = await findLeftovers({
    machine: thisMachine(),
    stateDirectory: ownStateDirectory(),
    controlFolder: control.path,
    ...(!yes && { elevate: (step) => offerElevation(step, "This needs an administrator. Do it now?") }),
  });
  if (leftovers.length === 0) {
    terminal.print("Nothing of Oneport is left.");
    return 0;
  }
  if (!yes) {
    terminal.print("Oneport has put this on the machine:");
    for (const line of list(leftovers)) terminal.print(`  ${line}`);
    if (!canAsk()) {
      terminal.printProblem(unasked);
      return 2;
    }
    if (!(await agreesTo("End every mux of yours, and remove all of this?"))) {
      terminal.print("Nothing was done.");
      return 0;
    }
  }
  if (!(await endMuxes(control, terminal))) return 1;
  let status = 0;
  for (const leftover of leftovers) {
    const removal = await leftover.remove();
    if (removal.how !== "removed") status = 1;
    printRemoval(leftover, removal, terminal);
  }
  return status;
}

/** One that runs would make the authority again. False when one does not end. */
async function endMuxes(control: ControlFolder, terminal: Terminal): Promise<boolean> {
  const { ended, silent } = await endAll(control, graceSeconds);
  for (const port of ended) terminal.print(`Ended the mux on port ${port}, for all its windows.`);
  for (const port of silent) terminal.printProblem(stillRuns(port));
  return silent.length === 0;
}

function stillRuns(port: number): Problem {
  return {
    code: "mux-silent",
    message: `Nothing was removed, because the mux on port ${port} does not answer.`,
    remedy: "End the process that holds the port, and run this again.",
  };
}

/** For connections that are open. */
const graceSeconds = 2;

const unasked = {
  code: "unasked",
  message: "Nothing was removed, because nobody could be asked.",
  remedy: 'Run "oneport clean --yes" to remove all of it.',
};

function list(leftovers: readonly Leftover[]): string[] {
  const rows = leftovers.map(({ what, place }) => [what, visible(place)]);
  return formatTable(rows, (text) => text);
}

function printRemoval({ what, place }: Leftover, removal: Removal, { style, print }: Terminal): void {
  const about = visible(`${what} (${place})`);
  switch (removal.how) {
    case "removed":
      return print(`${style("green", "✓")} Removed: ${about}`);
    case "administrator":
      print(`${style("yellow", "!")} Left for you to do: ${about}`);
      for (const instruction of removal.instructions) print(`    ${visible(instruction)}`);
      return;
    case "failed": {
      const { message, remedy } = removal.problem;
      return print(`${style("red", "✗")} Not removed: ${about}. ${visible(message)} ${visible(remedy)}`);
    }
  }
}
