/** `oneport routes`: the routes as understood, with every problem, without starting. */

import type { RouteSummary } from "../core/events.ts";
import { summarizeRoutes } from "../core/route-summary.ts";
import type { CommandOptions } from "./arguments.ts";
import { formatRouteTable } from "./route-table.ts";
import { type PlacedProblem, printProblems, readSettingsOrSay, settingsPath } from "./settings-source.ts";
import type { Terminal } from "./terminal.ts";

/** Exit status 1 if there is any problem. */
export async function routes(options: CommandOptions, terminal: Terminal): Promise<number> {
  const path = settingsPath(options);
  const read = await readSettingsOrSay(path, terminal);
  if (!read) return 1;
  const { settings, problems } = read;
  const summaries = summarizeRoutes(settings.routes);
  if (options.json) printJson(terminal, path, summaries, problems);
  else {
    printTable(terminal, summaries);
    printProblems(terminal, path, problems);
  }
  return problems.length > 0 ? 1 : 0;
}

function printTable(terminal: Terminal, summaries: readonly RouteSummary[]): void {
  if (summaries.length === 0) {
    terminal.print("There are no routes.");
    return;
  }
  const { style } = terminal;
  const ownAddress = (route: RouteSummary) => route.address ?? "";
  for (const line of formatRouteTable(summaries, "OWN ADDRESS", ownAddress, style)) terminal.print(line);
}

function printJson(
  terminal: Terminal,
  file: string,
  summaries: readonly RouteSummary[],
  problems: readonly PlacedProblem[],
): void {
  for (const summary of summaries) terminal.print(JSON.stringify({ type: "route", ...summary }));
  for (const { code, message, remedy, place } of problems) {
    const { line, column } = place ?? {};
    terminal.print(JSON.stringify({ type: "problem", code, message, remedy, file, line, column }));
  }
}
