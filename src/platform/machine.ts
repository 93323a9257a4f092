/** The machine that Oneport works on: the system, its user, and the way to run programs there. */
import { homedir, userInfo } from "node:os";
import { isAbsolute, win32 } from "node:path";
import { OneportError } from "../core/errors.ts";
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

/**
 * The environment's, unless that is not absolute: then the system's, so that nothing comes to lie in the folder of the moment.
 * Throws `no-home` for a user that the system does not know either, such as one of a container.
 */
export function userHome(): string {
  let cause: unknown;
  try {
    const own = homedir();
    const home = isAbsolute(own) ? own : userInfo().homedir;
    if (isAbsolute(home)) return home;
  } catch (error) {
    cause = error;
  }
  throw new OneportError(homeless, { cause });
}

const homeless = {
  code: "no-home",
  message: "Nobody knows where your home folder is: HOME names none, and the system does not know this user.",
  remedy: "Set HOME to the absolute path of a folder that is yours.",
};

export function thisMachine(): Machine {
  return {
    platform: process.platform,
    environment: process.env,
    home: userHome(),
    isElevated: process.getuid?.() === 0,
    runner: systemRunner(process.env),
  };
}
