/** The log: each event of the mux as one line, for the terminal and for VS Code's log channel alike. */
import type { ConnectionReport, Ending, MuxEvent, Seen } from "./events.ts";
import { printable, visible } from "./printable.ts";

type Format = "bold" | "dim" | "red" | "yellow" | "green" | "cyan";

/** Styles a text, or leaves it as it is. */
export type Style = (format: Format, text: string) => string;

type Logged = Extract<MuxEvent, { type: "connection" | "target" | "overload" | "problem" }>;

/** One line, without its end and without the time. */
export function formatEvent(event: Logged, style: Style): string {
  switch (event.type) {
    case "connection":
      return formatConnection(event.connection, style);
    case "target": {
      const colour = event.state === "up" ? "green" : "yellow";
      // A reason is a sentence that names the target.
      if (event.reason !== undefined) return style(colour, visible(event.reason));
      return `${printable(event.target)} is ${style(colour, event.state)}`;
    }
    case "overload": {
      const { isOver, limit, turnedAway } = event;
      const what = isOver
        ? `All ${limit} connections, to clients and to services, are in use; more are turned away. Close some, or raise the limit on open files (ulimit -n).`
        : `Connections are accepted again; ${turnedAway} were turned away so far.`;
      return style(isOver ? "red" : "green", what);
    }
    case "problem":
      return `${style("red", visible(event.problem.message))} ${visible(event.problem.remedy)}`;
  }
}

/** Columns that fit what is usual; a longer name moves the rest of its line to the right and loses nothing. */
function formatConnection(report: ConnectionReport, style: Style): string {
  const { client, seen, route, rule, target, requests, received, sent, milliseconds, ending } = report;
  const chosen = route === undefined ? "no route" : `${rule ?? "by"} ${printable(route)}`;
  const columns = [
    style("dim", printable(client).padEnd(21)),
    formatSeen(seen).padEnd(34),
    chosen.padEnd(28),
    (target === undefined ? "" : `→ ${printable(target)}`).padEnd(26),
    style("dim", (requests === 0 ? "" : `${requests} req`).padStart(7)),
    style("dim", `${formatBytes(received).padStart(8)} in ${formatBytes(sent).padStart(8)} out`),
    style("dim", formatDuration(milliseconds).padStart(8)),
    formatEnding(ending, style),
  ];
  return columns.join("  ");
}

function formatSeen(seen: Seen): string {
  switch (seen.by) {
    case "sni":
      return `TLS SNI ${printable(seen.name)}`;
    case "host":
      return `HTTP Host ${printable(seen.name)}`;
    case "address":
      return `address ${printable(seen.name)}`;
    case "nothing":
      return "no name";
  }
}

function formatEnding(ending: Ending, style: Style): string {
  switch (ending.how) {
    case "closed":
    case "stopped":
      return style("dim", ending.how);
    case "reset":
      return style("yellow", `reset by ${ending.by}`);
    case "refused":
      return style("red", `refused: ${visible(ending.problem.message)}`);
  }
}

/** Such as `4.1 kB`. */
export function formatBytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = count;
  let unit = 0;
  // 999.95 would be rounded up to a fourth digit.
  while (value >= (unit === 0 ? 1_000 : 999.95) && unit < units.length - 1) {
    value /= 1_000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

function formatDuration(milliseconds: number): string {
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1_000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
