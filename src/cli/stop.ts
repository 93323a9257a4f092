/** `oneport stop`: ends every mux of this user, for all its windows. */
import { endAll } from "../session/observer.ts";
import type { CommandOptions } from "./arguments.ts";
import { ownControlFolder } from "./own-folders.ts";
import { nothingRuns } from "./status.ts";
import type { Terminal } from "./terminal.ts";

/** For connections that are open, as with Ctrl-C. */
const graceSeconds = 5;

/** Exit status 1 when nothing runs, or something goes on running. */
export async function stop(_options: CommandOptions, terminal: Terminal): Promise<number> {
  const { ended, silent } = await endAll(ownControlFolder(), graceSeconds);
  for (const port of ended) terminal.print(`Ended the mux on port ${port}, for all its windows.`);
  for (const port of silent) {
    terminal.printProblem({
      code: "mux-silent",
      message: `The mux on port ${port} does not answer.`,
      remedy: "End the process that holds the port.",
    });
  }
  if (ended.length + silent.length === 0) terminal.printProblem(nothingRuns);
  return ended.length > 0 && silent.length === 0 ? 0 : 1;
}
