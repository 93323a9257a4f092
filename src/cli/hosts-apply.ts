/** `oneport hosts apply`: writes the lines that the routes need into the hosts file, and looks whether they work. */
import { resolve } from "node:path";
import { type HostsEntry, hostsEntries, namesToConsentTo } from "../core/hosts-block.ts";
import { readHostsBlock } from "../core/hosts-edit.ts";
import { visible } from "../core/printable.ts";
import { readHostsFile } from "../platform/hosts-file.ts";
import { lookUpElsewhere } from "../platform/hosts-lookup.ts";
import type { CommandOptions } from "./arguments.ts";
import { agreesTo, canAsk } from "./ask.ts";
import { changeHostsFile, hostsFilePath } from "./hosts-change.ts";
import { printProblems, readSettingsOrSay, settingsPath } from "./settings-source.ts";
import type { Terminal } from "./terminal.ts";

/** Exit status 1 also when a name was left out because nobody could be asked. */
export async function hostsApply(options: CommandOptions, terminal: Terminal): Promise<number> {
  const path = settingsPath(options);
  const read = await readSettingsOrSay(path, terminal);
  if (!read) return 1;
  const { settings, problems } = read;
  printProblems(terminal, path, problems);

  const file = hostsFilePath(options);
  const present = await readHostsFile(file);
  const block = present.ok ? readHostsBlock(present.value) : present;
  if (!block.ok) {
    terminal.printProblem(block.error);
    return 1;
  }
  const wanted = hostsEntries(settings.routes);
  // What the block holds was agreed to when it was written.
  const agreed = new Set([...options.allow, ...block.value.map(({ name }) => name)]);
  const doubtful = namesToConsentTo(wanted).filter((name) => !agreed.has(name));
  const { refused, unasked } = await askFor(doubtful, file, terminal);
  const entries = wanted.filter(({ name }) => !refused.has(name));

  const status = await changeHostsFile(file, entries, commandFor(options, file, entries), terminal);
  if (status === 0 && options.file === undefined) await reportElsewhere(entries, terminal);
  return unasked ? 1 : status;
}

interface Answers {
  readonly refused: ReadonlySet<string>;
  /** Was there nobody to ask? */
  readonly unasked: boolean;
}

async function askFor(names: readonly string[], file: string, terminal: Terminal): Promise<Answers> {
  const refused = new Set(names);
  if (canAsk()) {
    for (const name of names) {
      terminal.printError(`${name} can be somebody's on the Internet. With a line in ${visible(file)}`);
      terminal.printError("programs on this machine reach Oneport in place of them.");
      if (await agreesTo("Write that line?")) refused.delete(name);
    }
    return { refused, unasked: false };
  }
  for (const name of names) {
    terminal.printProblem({
      code: "hosts-consent",
      message: `${name} is left out of the hosts file: it can be somebody's on the Internet.`,
      remedy: `Agree to it with "--allow ${name}", or run this in a terminal.`,
    });
  }
  return { refused, unasked: names.length > 0 };
}

/** The arguments that do the same from any folder, agreements included. */
function commandFor(
  options: CommandOptions,
  file: string,
  entries: readonly HostsEntry[],
): readonly string[] {
  const source =
    options.config === undefined ? [resolve(options.folder)] : ["--config", resolve(options.config)];
  return [
    "hosts",
    "apply",
    ...source,
    ...(options.file === undefined ? [] : ["--file", file]),
    ...namesToConsentTo(entries).flatMap((name) => ["--allow", name]),
  ];
}

async function reportElsewhere(entries: readonly HostsEntry[], terminal: Terminal): Promise<void> {
  for (const problem of (await lookUpElsewhere(entries)).values()) terminal.printProblem(problem);
}
