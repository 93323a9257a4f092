/** The machine that Oneport works on: the system, its user, and the way to run programs there. */
import { homedir } from "node:os";
import { win32 } from "node:path";
import { type Runner, systemRunner } from "./run.ts";

export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly environment: NodeJS.ProcessEnv;
  readonly home: string;
  /** May commands that need elevation simply be run? */
  readonly isElevated: boolean;
  readonly runner: Runner;
}

/** The whole path of a program that Windows brings along: never that of PATH, which may lead to another one of its name. */
export function windowsProgram(name: string, { environment }: Pick<Machine, "environment">): string {
  return win32.join(environment.SystemRoot ?? "C:\\Windows", "System32", name);
}

export function thisMachine(): Machine {
  return {
    platform: process.platform,
    environment: process.env,
    home: homedir(),
    isElevated: process.getuid?.() === 0,
    runner: systemRunner(process.env),
  };
}
