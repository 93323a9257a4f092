/** What takes part: something that stands between the load's clients and its services, in one of its configurations. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { Pinned } from "./pinned.ts";

/** What clients can ask of it; `https` offers HTTP/2 as well. */
export const ways = ["passthrough", "terminated", "http", "https"] as const;
export type Way = (typeof ways)[number];

export interface RunningProxy extends AsyncDisposable {
  readonly process: Pinned;
  readonly version: string;
  /** Where it listens for each way that it offers. */
  readonly ports: Partial<Readonly<Record<Way, number>>>;
}

export interface Contender {
  readonly name: string;
  /** Rejects with why it cannot take part. */
  start(ground: Ground): Promise<RunningProxy>;
}

/** What every contender finds. */
export interface Ground {
  /** A folder that nobody else writes to, as for each that starts. */
  readonly folder: string;
  /** Ports of the services. */
  readonly raw: number;
  readonly http: number;
  /** PEM: certificate, key, and both in one file, for a name. */
  readonly certificates: string;
  readonly pairOf: (name: string) => { readonly cert: string; readonly key: string; readonly both: string };
}

/** Where servers lie that are not on everybody's PATH. */
const serverFolders = ["/usr/sbin", "/usr/local/sbin", "/usr/lib/nginx/modules"];

/** The path of a program or module; throws when it is not installed. */
export function find(name: string): string {
  const path = [...(process.env.PATH ?? "").split(delimiter), ...serverFolders]
    .map((folder) => join(folder, name))
    .find(isThere);
  if (path === undefined) throw new Error(`"${name}" is not installed.`);
  return path;
}

function isThere(path: string): boolean {
  try {
    accessSync(path, path.endsWith(".so") ? constants.R_OK : constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
