/** Debian's programs: where each of them is found, and how one is run to its end. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, globSync } from "node:fs";
import { delimiter, join } from "node:path";
import { text } from "node:stream/consumers";
import packages from "../../.ci/test-programs.json" with { type: "json" };
import { longestMilliseconds, type Ran } from "../e2e/program.ts";

export type Program = keyof typeof packages;

/** Where Debian puts servers, which are not on everybody's PATH, and the modules of nginx. */
const serverFolders = [
  "/usr/sbin",
  "/usr/lib/nginx/modules",
  ...globSync("/usr/lib/postgresql/*/bin").sort().reverse(),
];

/** Nothing of this machine or its user tells a program what to do or whom to trust. */
export const environment = { PATH: process.env.PATH, HOME: "/nonexistent", LC_ALL: "C" };

/** The path of a program; throws the name of its package when it is not there. */
export function find(program: Program): string {
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...serverFolders];
  const path = folders.map((folder) => join(folder, program)).find(isThere);
  if (path !== undefined) return path;
  throw new Error(`This test needs "${program}". Install Debian's package "${packages[program]}".`);
}

function isThere(path: string): boolean {
  try {
    accessSync(path, path.endsWith(".so") ? constants.R_OK : constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Runs a client to its end, or to the end of our patience. */
export function run(program: Program, arguments_: readonly string[], input = ""): Promise<Ran> {
  return finish(spawn(find(program), arguments_, { env: environment, timeout: longestMilliseconds }), input);
}

/** Gives a process its input, and gathers what it says until it has ended. */
export async function finish(child: ChildProcessWithoutNullStreams, input = ""): Promise<Ran> {
  child.stdin.on("error", () => undefined).end(input);
  const closed = once(child, "close");
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { status: child.exitCode, output, errors };
}
