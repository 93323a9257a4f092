/** `oneport status`: what runs, who takes part in it, and how its routes do. */
import type { RouteSummary } from "../core/events.ts";
import { formatBytes } from "../core/log-line.ts";
import { visible } from "../core/printable.ts";
import { type Observed, observeAll, problemWith } from "../session/observer.ts";
import type { CommandOptions } from "./arguments.ts";
import { ownControlFolder } from "./own-folders.ts";
import { formatTable } from "./table.ts";
import type { Terminal } from "./terminal.ts";

type Running = Extract<Observed, { is: "running" }>;

/** Exit status 1 when nothing runs, or what runs does not answer. */
export async function status({ json }: CommandOptions, terminal: Terminal): Promise<number> {
  const all = await observeAll(ownControlFolder());
  if (all.length === 0) terminal.printProblem(nothingRuns);
  let exitStatus = all.length === 0 ? 1 : 0;
  for (const observed of all) {
    if (observed.is === "running") {
      if (json) printJson(observed, terminal);
      else printTables(observed, terminal);
      continue;
    }
    exitStatus = 1;
    terminal.printProblem(problemWith(observed));
  }
  return exitStatus;
}

export const nothingRuns = {
  code: "not-running",
  message: "No mux is running.",
  remedy: 'Start one with "oneport start", or in VS Code.',
};

/** One object a line: the mux, its windows, its routes. */
function printJson({ port, state, windows, ...rest }: Running, terminal: Terminal): void {
  const print = (line: object) => terminal.print(JSON.stringify(line));
  print({ type: "mux", port, addresses: state.addresses });
  for (const window of windows) print({ type: "window", ...window });
  for (const route of state.routes) {
    const { windows: lenders = windows.map(({ id }) => id), targets, ...about } = route;
    const health = targets.map((target) => ({ target, ...state.targets.get(target) }));
    print({
      type: "route",
      ...about,
      targets: health,
      windows: lenders,
      ...counts(route, { state, ...rest }),
    });
  }
}

function printTables({ port, state, windows, tally }: Running, terminal: Terminal): void {
  const { style } = terminal;
  const heading = (text: string, row: number) => (row === 0 ? style("dim", text) : text);
  const nameOf = (id: string) => visible(windows.find((window) => window.id === id)?.name ?? id);
  terminal.print(`Oneport listens on port ${style("bold", String(port))} (${state.addresses.join(", ")}).`);
  terminal.print("");
  const who = windows.map(({ name, kind, pid, role }) => [visible(name), kind, String(pid), role]);
  for (const line of formatTable([["WINDOW", "KIND", "PID", "ROLE"], ...who], heading)) terminal.print(line);
  terminal.print("");
  const routes = state.routes.map((route) => {
    const { open, closed, received, sent } = counts(route, { state, tally });
    const lenders = route.windows ?? windows.map(({ id }) => id);
    const health = route.targets.map((target) => `${target} ${state.targets.get(target)?.state ?? "?"}`);
    const numbers = [String(open), String(closed), formatBytes(received), formatBytes(sent)];
    return [route.domain, `→ ${health.join(", ")}`, lenders.map(nameOf).join(", "), ...numbers];
  });
  const titles = ["DOMAIN", "  TARGET", "WINDOW", "OPEN", "CLOSED", "RECEIVED", "SENT"];
  for (const line of formatTable([titles, ...routes], heading)) terminal.print(line);
  for (const { name, conflicts } of windows) {
    for (const { domain, heldBy } of conflicts) {
      const kept = `${nameOf(heldBy)} keeps ${domain}`;
      terminal.print(style("yellow", `${kept}: ${visible(name)} has another target for it.`));
    }
  }
}

/** Bytes are those of connections that are closed. */
function counts({ domain }: RouteSummary, { state, tally }: Pick<Running, "state" | "tally">) {
  const { connections: closed, received, sent } = tally.find((each) => each.domain === domain) ?? none;
  return { open: state.open.get(domain)?.count ?? 0, closed, received, sent };
}

const none = { connections: 0, received: 0, sent: 0 };
