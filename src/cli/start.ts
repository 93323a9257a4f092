/** `oneport start`: runs the mux in the foreground until a signal, and follows the settings file. */
import { basename, parse, resolve } from "node:path";
import { watchSettingsFile } from "../platform/settings-file.ts";
import type { CommandOptions } from "./arguments.ts";
import { entryOf } from "./entries.ts";
import { eventLines, eventLog } from "./event-log.ts";
import { ForegroundMux } from "./foreground-mux.ts";
import { printProblems, readSettingsAgain, readSettingsOrSay, settingsPath } from "./settings-source.ts";
import type { Terminal } from "./terminal.ts";

export async function start(options: CommandOptions, terminal: Terminal): Promise<number> {
  const path = settingsPath(options);
  let settingsChanged = () => {};
  // Watched before it is read: no change can fall between the two.
  using _watch = watchSettingsFile(path, () => settingsChanged());
  const read = await readSettingsOrSay(path, terminal);
  if (!read) return 1;
  printProblems(terminal, path, read.problems);

  leaveDeletedFolder(path);
  const show = options.json ? eventLines(terminal) : eventLog(terminal);
  const mux = new ForegroundMux(terminal, entryOf("worker"), show);
  let { settings } = read;

  const reload = async () => {
    const again = await readSettingsAgain(path);
    if (!again.ok) {
      terminal.printProblem({ ...again.error, remedy: "The last good routes stay until that is corrected." });
      return;
    }
    printProblems(terminal, path, again.value.problems);
    mux.configure(again.value.values);
    if (options.port === undefined && again.value.settings.port !== settings.port) {
      terminal.printError("The new oneport.port takes effect at the next start.");
    }
    settings = again.value.settings;
  };
  // One after the other, so that what is sent last is the newest.
  let turn = Promise.resolve();
  settingsChanged = () => {
    turn = turn.then(reload).catch((error: unknown) => mux.fail(error));
  };
  return await mux.run(basename(resolve(options.folder)), options.port ?? settings.port, read.values);
}

/** Node starts no thread in a folder that was deleted. Whatever else is relative is then missed, and told. */
function leaveDeletedFolder(path: string): void {
  try {
    process.cwd();
  } catch {
    process.chdir(parse(path).root);
  }
}
