/** The machine that Oneport works on: the system, its user, and the way to run programs there. */
import { homedir, userInfo } from "node:os";
import { isAbsolute, win32 } from "node:path";
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

/** The environment's, unless that is not absolute: then the system's, so that nothing comes to lie in the folder of the moment. */
export function userHome(): string {
  const home = homedir();
  return isAbsolute(home) ? home : userInfo().homedir;
}

export function thisMachine(): Machine {
  return {
    platform: process.platform,
    environment: process.env,
    home: userHome(),
    isElevated: process.getuid?.() === 0,
    runner: systemRunner(process.env),
  };
}
