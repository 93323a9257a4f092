/** What `oneport hosts apply` and `hosts remove` share: the file, the edit, what is shown of it, and who may do it. */
import { resolve } from "node:path";
import { shellLine } from "../core/command.ts";
import { isNotRun } from "../core/elevation.ts";
import type { Result } from "../core/errors.ts";
import { type HostsEntry, namesToConsentTo } from "../core/hosts-block.ts";
import { editHosts, type HostsEdit } from "../core/hosts-edit.ts";
import { visible } from "../core/printable.ts";
import { hostsStep } from "../platform/elevate.ts";
import { editHostsFile, readHostsFile } from "../platform/hosts-file.ts";
import { systemHostsFile } from "../platform/hosts-path.ts";
import type { CommandOptions } from "./arguments.ts";
import { offerElevation } from "./elevated.ts";
import type { Terminal } from "./terminal.ts";

/** The absolute path of the file that these options name. */
export function hostsFilePath({ file }: Pick<CommandOptions, "file">): string {
  return file === undefined ? systemHostsFile(process.platform, process.env) : resolve(file);
}

/**
 * Puts the entries into the file, none for no block, and shows the difference; or shows the difference that there would
 * be, and makes it with the rights of an administrator if the user agrees at the terminal; else it tells, with `command` (our
 * arguments), how somebody may make it who has them. The exit status.
 */
export async function changeHostsFile(
  file: string,
  entries: readonly HostsEntry[],
  command: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const edit = (bytes: Buffer) => editHosts(bytes, entries);
  const edited = await editHostsFile(file, edit);
  if (edited.ok) {
    const { removed, added, warnings } = edited.value;
    const isChanged = removed.length + added.length > 0;
    terminal.print(isChanged ? `${visible(file)} is written:` : `${visible(file)} needs no change.`);
    printDifference(edited.value, terminal);
    for (const warning of warnings) terminal.printProblem(warning);
    return 0;
  }
  const mayNotWrite = edited.error.code === "hosts-not-writable" && process.geteuid?.() !== 0;
  if (!mayNotWrite) {
    terminal.printProblem(edited.error);
    return 1;
  }
  const present = await readHostsFile(file);
  const planned = present.ok ? edit(present.value) : present;
  if (!present.ok || !planned.ok) {
    terminal.printProblem({ ...edited.error, remedy: asAdministrator(command) });
    return 1;
  }
  terminal.print(`To be written into ${visible(file)}:`);
  printDifference(planned.value, terminal);
  const done = await writeElevated(file, present.value, entries);
  if (done?.ok) {
    terminal.print(`${visible(file)} is written.`);
    for (const warning of planned.value.warnings) terminal.printProblem(warning);
    return 0;
  }
  const problem = done?.error ?? edited.error;
  const isByHand = !done || isNotRun(problem);
  terminal.printProblem(isByHand ? { ...problem, remedy: asAdministrator(command) } : problem);
  return 1;
}

/** Undefined when it was not tried: only the system's own file is written with more rights than the user has. */
async function writeElevated(
  file: string,
  present: Buffer,
  entries: readonly HostsEntry[],
): Promise<Result<void> | undefined> {
  if (file !== systemHostsFile(process.platform, process.env)) return undefined;
  // Those that were not agreed to have been left out.
  const consented = namesToConsentTo(entries);
  return offerElevation(hostsStep(present, entries, consented), "Write it as an administrator?");
}

function printDifference({ removed, added }: HostsEdit, { style, print }: Terminal): void {
  for (const line of removed) print(style("red", `- ${visible(line)}`));
  for (const line of added) print(style("green", `+ ${visible(line)}`));
}

function asAdministrator(command: readonly string[]): string {
  const program = process.execPath;
  const list = [resolve(process.argv[1] ?? ""), ...command];
  if (process.platform !== "win32") return `Run: ${shellLine([{ program, arguments: list }], "sudo ")}`;
  return `Run in a terminal opened as administrator: ${[program, ...list].map((word) => `"${word}"`).join(" ")}`;
}
