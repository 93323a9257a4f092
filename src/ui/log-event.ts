/** The mux's events as lines of VS Code's log channel, which adds time and level itself. */
import { LogLevel, type LogOutputChannel } from "vscode";
import type { MuxEvent } from "../core/events.ts";
import { formatEvent, type Style } from "../core/log-line.ts";
import { problemText } from "./editors-words.ts";

/** Whether connections are kept, which may come by the thousand a second. */
export function keepsConnections({ logLevel }: LogOutputChannel): boolean {
  return logLevel !== LogLevel.Off && logLevel <= LogLevel.Debug;
}

export function logEvent(log: LogOutputChannel, event: MuxEvent): void {
  switch (event.type) {
    case "listening":
      return log.info(`Listening on port ${event.port} (${event.addresses.join(", ")}).`);
    case "routes":
      return log.info(`Routes: ${event.routes.map(({ domain }) => domain).join(", ") || "none"}.`);
    case "connection":
      return log.debug(formatEvent(event, plain));
    case "open":
    case "session":
      return;
    case "target":
    case "overload":
      return log.info(formatEvent(event, plain));
    case "problem":
      return log.error(problemText(event.problem));
    case "stopped":
      return log.info("Stopped.");
  }
}

/** The channel has no styles of its own. */
const plain: Style = (_, text) => text;
