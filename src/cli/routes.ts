/** `oneport routes`: the routes as understood, with every problem, without starting. */
import { formatDomain } from "../core/domain.ts";
import type { RouteSummary } from "../core/events.ts";
import { formatTarget } from "../core/route.ts";
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
  const listed = {
    summaries: summarizeRoutes(settings.routes),
    disabled: settings.disabledRoutes.map(({ domain, targets }) => ({
      domain: formatDomain(domain),
      targets: targets.map(formatTarget),
    })),
  };
  if (options.json) printJson(terminal, path, listed, problems);
  else {
    printTable(terminal, listed);
    printProblems(terminal, path, problems);
  }
  return problems.length > 0 ? 1 : 0;
}

/** The routes that are in force, and those that are kept for another time. */
interface Listed {
  readonly summaries: readonly RouteSummary[];
  readonly disabled: readonly { readonly domain: string; readonly targets: readonly string[] }[];
}

function printTable(terminal: Terminal, { summaries, disabled }: Listed): void {
  const { style } = terminal;
  if (summaries.length + disabled.length === 0) {
    terminal.print("There are no routes.");
    return;
  }
  const ownAddress = (route: RouteSummary) => route.address ?? "";
  const table = summaries.length > 0 ? formatRouteTable(summaries, "OWN ADDRESS", ownAddress, style) : [];
  for (const line of table) terminal.print(line);
  for (const { domain, targets } of disabled) {
    terminal.print(style("dim", `Disabled: ${domain} → ${targets.join(", ") || "nothing yet"}`));
  }
}

function printJson(
  terminal: Terminal,
  file: string,
  { summaries, disabled }: Listed,
  problems: readonly PlacedProblem[],
): void {
  for (const summary of summaries) terminal.print(JSON.stringify({ type: "route", ...summary }));
  for (const route of disabled) terminal.print(JSON.stringify({ type: "route", ...route, enabled: false }));
  for (const { code, message, remedy, place } of problems) {
    const { line, column } = place ?? {};
    terminal.print(JSON.stringify({ type: "problem", code, message, remedy, file, line, column }));
  }
}
