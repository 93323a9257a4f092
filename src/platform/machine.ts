/** What the trust stores are looked for on: the system, its user, and the way to run programs there. */
import { homedir } from "node:os";
import { type Runner, systemRunner } from "./run.ts";

export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly environment: NodeJS.ProcessEnv;
  readonly home: string;
  /** May commands that need elevation simply be run? */
  readonly isElevated: boolean;
  readonly runner: Runner;
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
