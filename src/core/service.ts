/** A service that runs on this machine: whether it is being developed here, and which routes lead to it. */
import { devServerName } from "./dev-server.ts";
import type { Listening } from "./listening-ports.ts";
import { isLocalhost, isLoopbackAddress } from "./loopback.ts";
import type { Target } from "./route.ts";
import type { Protocol, Spoken } from "./spoken.ts";

export interface Service extends Listening {
  /** Absent until it was asked. */
  readonly spoken?: Spoken;
}

const web: ReadonlySet<Protocol> = new Set<Protocol>(["http", "https", "ws", "wss"]);

/** The innermost of these folders, given by absolute paths, that the service's program runs in. */
export function folderOf({ process }: Listening, folders: readonly string[]): string | undefined {
  const place = process?.folder;
  if (place === undefined) return undefined;
  const around = folders.filter((folder) => place === folder || /^[\\/]/.test(remainder(place, folder)));
  return around.toSorted((a, b) => b.length - a.length)[0];
}

/** What follows the folder in a path that begins with it. */
function remainder(path: string, folder: string): string {
  return path.startsWith(folder) ? path.slice(folder.replace(/[\\/]$/, "").length) : "";
}

/** Its development server's name, as far as it is known yet. */
export function devServerOf({ process, spoken }: Service): string | undefined {
  return spoken?.devServer ?? devServerName(process?.name, undefined);
}

/** Does it look like something that is worked on: a development server, or what serves the web out of one of these folders? */
export function isDeveloped(service: Service, folders: readonly string[]): boolean {
  if (devServerOf(service) !== undefined) return true;
  return folderOf(service, folders) !== undefined && isWeb(service);
}

/** What was not asked yet may be. */
export function isWeb({ spoken }: Service): boolean {
  return !spoken || web.has(spoken.protocol);
}

/** Would a connection to the target reach the service? */
export function leadsTo({ host, port }: Target, service: Listening): boolean {
  return port === service.port && (isLocalhost(host) || isLoopbackAddress(host));
}

/** Windows tells of no program where it runs, and many of the system's own listen: these are the ports that people choose. */
const chosenPorts = { from: 1024, to: 49_151 };

/** May it be asked what it speaks although nobody has asked for it? Only what runs in one of these folders. */
export function mayBeSuggested(service: Listening, folders: readonly string[]): boolean {
  const { port, process } = service;
  if (!process || folders.length === 0) return false;
  if (process.folder !== undefined) return folderOf(service, folders) !== undefined;
  return port >= chosenPorts.from && port <= chosenPorts.to;
}
