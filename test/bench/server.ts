/** A server program as a contender: on the core for proxies, from its first connection to its end. */
import { spawnSync } from "node:child_process";
import type { RunningProxy } from "./contender.ts";
import { cores, Pinned } from "./pinned.ts";

interface Start {
  /** The program's path, and its arguments. */
  readonly command: readonly [string, ...string[]];
  readonly folder: string;
  readonly ports: RunningProxy["ports"];
  readonly environment?: NodeJS.ProcessEnv;
  readonly version: string;
}

/** Fulfilled when it listens. */
export async function startServer({ command, ports, version, ...options }: Start): Promise<RunningProxy> {
  const process = new Pinned(cores.proxy, command, options);
  try {
    await Promise.all(Object.values(ports).map((port) => process.listens(port)));
  } catch (error) {
    await process[Symbol.asyncDispose]();
    throw error;
  }
  return {
    process,
    ports,
    version,
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}

/** The first number with dots in what a program says when asked for its version. */
export function versionOf(program: string, question: string): string {
  const { stdout, stderr } = spawnSync(program, [question], { encoding: "utf8" });
  return /\d+(\.\d+)+/.exec(stdout + stderr)?.[0] ?? "of unknown version";
}
