/** `oneport hosts remove`: takes the block out of the hosts file. */
import type { CommandOptions } from "./arguments.ts";
import { changeHostsFile, hostsFilePath } from "./hosts-change.ts";
import type { Terminal } from "./terminal.ts";

export async function hostsRemove(options: CommandOptions, terminal: Terminal): Promise<number> {
  const file = hostsFilePath(options);
  const command = ["hosts", "remove", ...(options.file === undefined ? [] : ["--file", file])];
  return await changeHostsFile(file, [], command, terminal);
}
