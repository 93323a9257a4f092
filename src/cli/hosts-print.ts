/** `oneport hosts print`: the block that the routes need in the hosts file, on standard output. */
import { hostsEntries, renderHostsBlock } from "../core/hosts-block.ts";
import type { CommandOptions } from "./arguments.ts";
import { printProblems, readSettingsOrSay, settingsPath } from "./settings-source.ts";
import type { Terminal } from "./terminal.ts";

export async function hostsPrint(options: CommandOptions, terminal: Terminal): Promise<number> {
  const path = settingsPath(options);
  const read = await readSettingsOrSay(path, terminal);
  if (!read) return 1;
  const { settings, problems } = read;
  const block = renderHostsBlock(hostsEntries(settings.routes));
  if (block === "") terminal.printError("No route needs a line in the hosts file.");
  else terminal.print(block.trimEnd());
  printProblems(terminal, path, problems);
  return 0;
}
