/** What became of each trust store, for people and for programs: told alike by `oneport ca trust` and `oneport ca untrust`. */
import { shellLine } from "../core/command.ts";
import type { StoreResult } from "../core/trust.ts";
import { userHome } from "../platform/machine.ts";
import { areAsWished, type StoreReport } from "../platform/trust.ts";
import type { Elsewhere } from "../platform/trust-elsewhere.ts";
import { formatTable } from "./table.ts";
import type { Terminal } from "./terminal.ts";

export type ResultWords = { readonly [How in StoreResult["how"]]: string };

/** The exit status: 0 when every store is as it was wished. */
export function statusOf(reports: readonly StoreReport[]): number {
  return areAsWished(reports) ? 0 : 1;
}

/** One object a line, `{"type":"store",…}` and `{"type":"elsewhere",…}`. */
export function printJson(
  terminal: Terminal,
  reports: readonly StoreReport[],
  elsewhere: readonly Elsewhere[],
): void {
  for (const { store, result, state } of reports) {
    const { id, name, place, needsElevation } = store;
    const line = { type: "store", id, name, place, needsElevation, result: result.how, state: state.is };
    const commands = result.how === "elevation" ? { command: shellLine(result.commands, "sudo ") } : {};
    const problem = result.how === "failed" ? result.problem : {};
    terminal.print(JSON.stringify({ ...line, ...commands, ...problem }));
  }
  for (const each of elsewhere) terminal.print(JSON.stringify({ type: "elsewhere", ...each }));
}

/** A table of the stores, then every command that is left to paste. */
export function printReport(
  terminal: Terminal,
  reports: readonly StoreReport[],
  elsewhere: readonly Elsewhere[],
  words: ResultWords,
): void {
  const { style } = terminal;
  const rows = reports.map(({ store, result }) => [
    store.name,
    shortened(store.place),
    words[result.how],
    whatToDo(result),
  ]);
  const table = formatTable([["STORE", "PLACE", "RESULT", "WHAT TO DO"], ...rows], (text, row, column) => {
    if (row === 0 || column === 1) return style("dim", text);
    return column === 0 ? style("bold", text) : text;
  });
  for (const line of table) terminal.print(line);

  const lines = reports.flatMap(({ result }) =>
    result.how === "elevation" ? [shellLine(result.commands, "sudo ")] : [],
  );
  if (lines.length > 0) printCommands(terminal, "An administrator has to run:", [...new Set(lines)]);
  for (const { advice, command } of elsewhere) printCommands(terminal, advice, [command]);
  if (reports.some(({ result }) => result.how === "done")) {
    terminal.print(`\n${style("dim", "Browsers that are open take notice when they are started again.")}`);
  }
}

function whatToDo(result: StoreResult): string {
  switch (result.how) {
    case "done":
    case "unchanged":
      return "";
    case "elevation":
      return "run the command below";
    case "failed":
      return `${result.problem.message} ${result.problem.remedy}`;
  }
}

function printCommands(terminal: Terminal, title: string, commands: readonly string[]): void {
  terminal.print(`\n${title}`);
  for (const command of commands) terminal.print(`  ${command}`);
}

function shortened(path: string): string {
  const home = userHome();
  return path.startsWith(home) ? path.replace(home, "~") : path;
}
