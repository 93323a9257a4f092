/** What `oneport start` shows of the mux's events: a table and log lines for people, JSON lines for programs. */
import type { MuxEvent, RouteSummary } from "../core/events.ts";
import { formatEvent } from "../core/log-line.ts";
import { isLocalhost } from "../core/loopback.ts";
import { visible } from "../core/printable.ts";
import { formatRouteTable, placeToConnect, routeChanges } from "./route-table.ts";
import type { Terminal } from "./terminal.ts";

type Show = (event: MuxEvent) => void;

/** This terminal's part in the mux. */
type Part = Extract<MuxEvent, { type: "session" }>;

/** Each event as it is, one JSON object a line; `listening` comes first, whatever came before it. */
export function eventLines(terminal: Terminal): Show {
  const early: MuxEvent[] = [];
  let isListening = false;
  return (event) => {
    if (!isListening && event.type !== "listening") {
      early.push(event);
      return;
    }
    isListening = true;
    for (const each of [event, ...early.splice(0)]) terminal.printPassing(JSON.stringify(each));
  };
}

/** The table of routes as soon as it and the port are known, then a line for each event. */
export function eventLog(terminal: Terminal): Show {
  const { style } = terminal;
  let port: number | undefined;
  let routes: readonly RouteSummary[] | undefined;
  let part: Part | undefined;
  const printLogged = (line: string) =>
    terminal.printPassing(`${style("dim", formatClock(new Date()))}  ${line}`);
  const printTable = () => {
    if (port === undefined || routes === undefined) return;
    for (const line of tableLines(routes, port, terminal)) terminal.print(line);
  };

  return (event) => {
    switch (event.type) {
      case "listening": {
        const isFirst = port === undefined;
        port = event.port;
        const line = `Oneport listens on port ${style("bold", String(port))} (${event.addresses.join(", ")}).`;
        if (!isFirst) return printLogged(line);
        terminal.print(line);
        return printTable();
      }
      case "routes": {
        const before = routes;
        routes = event.routes;
        if (before === undefined) return printTable();
        for (const line of routeChanges(before, routes, style)) printLogged(line);
        return;
      }
      case "session":
        for (const line of partLines(part, event)) printLogged(line);
        part = event;
        return;
      case "stopped":
        if (event.forAll) printLogged("The mux was ended, for all windows.");
        return;
      case "open":
        return;
      case "connection":
      case "target":
      case "overload":
      case "problem":
        printLogged(formatEvent(event, style));
    }
  };
}

function tableLines(routes: readonly RouteSummary[], port: number, { style }: Terminal): string[] {
  if (routes.length === 0) return ["There are no routes yet; they take effect as soon as you write them."];
  const table = formatRouteTable(routes, "CONNECT TO", (route) => placeToConnect(route, port), style);
  const needHosts = routes.some(({ domain }) => !domain.startsWith("*") && !isLocalhost(domain));
  const hint = 'Names outside "localhost" need a line in the hosts file: see "oneport hosts print".';
  return ["", ...table, "", ...(needHosts ? [style("dim", hint), ""] : [])];
}

/** What is to be said when the owner is another one than before; nothing of a terminal that owns the mux from the start. */
function partLines(before: Part | undefined, now: Part): string[] {
  const owner = now.windows.find(({ role }) => role === "owner");
  const earlier = before?.windows.find(({ role }) => role === "owner");
  if (!owner || owner.id === earlier?.id) return [];
  if (now.role === "owner") return before ? ["The mux is this terminal's now."] : [];
  return [`This terminal takes part in the mux of ${visible(owner.name)} (pid ${owner.pid}).`];
}

/** The time of day here. */
function formatClock(time: Date): string {
  return [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}
