/** Has the elevated program do one step, by whatever way to more rights this system and its user have. */
import { execFile, spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "../core/command.ts";
import { type ElevatedStep, encodeStep, sha256Of } from "../core/elevated-step.ts";
import { type Ended, readEnd, type ThroughProgram, type Way, waysToElevate } from "../core/elevation.ts";
import {
  inTerminal,
  intents,
  type Launch,
  pasteLine,
  plainCommand,
  throughOsascript,
  throughProgram,
  throughUac,
} from "../core/elevation-commands.ts";
import { fail, ok, type Result, systemCode } from "../core/errors.ts";
import type { HostsEntry } from "../core/hosts-block.ts";
import { isWithinAuthority } from "../core/local-names.ts";
import type { Root } from "../core/trust.ts";
import type { Machine } from "./machine.ts";

export interface Elevation {
  /** The whole path of the elevated program: `elevated.cjs` beside our other bundles. */
  readonly entry: string;
  readonly machine: Machine;
  readonly terminal: PasswordTerminal;
}

/** Where sudo asks. The system's dialogs come first, unless the user sits before the terminal already. */
export interface PasswordTerminal {
  readonly isOurs: boolean;
  /** Runs it where the user sees it and can type. The exit status; undefined when the user closed the terminal. */
  run(command: Command): Promise<number | undefined>;
}

/** The terminal that this process runs in. */
export const ownTerminal: PasswordTerminal = {
  isOurs: true,
  run: async ({ program, arguments: list }) => {
    // Ctrl-C is for sudo, which then says so and ends.
    const goOn = () => {};
    process.on("SIGINT", goOn);
    try {
      const [status]: unknown[] = await once(spawn(program, list, { stdio: "inherit" }), "exit");
      return typeof status === "number" ? status : undefined;
    } finally {
      process.off("SIGINT", goOn);
    }
  },
};

/** The step for a hosts file whose difference, made of just these bytes, was shown to the user. `consented` are the names agreed to. */
export function hostsStep(
  file: Buffer,
  entries: readonly HostsEntry[],
  consented: Iterable<string>,
): ElevatedStep {
  return { do: "hosts", entries: [...entries], consented: [...consented], sha256: sha256Of(file) };
}

/** The system's store is to trust the root. `permitted` are the names it is good for, as they were shown to the user. */
export function trustStep(root: Root, permitted: readonly string[]): ElevatedStep {
  const consented = permitted.filter((name) => !isWithinAuthority(name));
  return { do: "trust", certificate: pemOf(root), consented };
}

/** The system's store is to hold these roots no more. */
export function untrustStep(roots: readonly Root[]): ElevatedStep {
  return { do: "untrust", certificates: roots.map(pemOf) };
}

function pemOf({ der }: Root): string {
  return new X509Certificate(der).toString();
}

/** Is there any way, so that it makes sense to ask the user? */
export async function canElevate(how: Elevation): Promise<boolean> {
  return (await waysOf(how)).length > 0;
}

/** For a password to be found and typed into a dialog. A terminal is the user's to close. */
const longestMilliseconds = 300_000;

/**
 * Asks the user for the rights and does the step. Fails with a problem of the step itself, which the elevated program told; or
 * with one whose code begins with `elevation-`: then nothing was done, but for `elevation-timed-out` and `elevation-failed`, after which
 * nobody knows. Its remedy has the command to paste.
 */
export async function elevate(
  step: ElevatedStep,
  how: Elevation,
  longest = longestMilliseconds,
): Promise<Result<void>> {
  const launch = await launchOf(step, how);
  if (!launch.ok) return launch;
  const instead = insteadOf(how.machine.platform, launch.value);
  let result: Result<void> = fail({
    code: "elevation-impossible",
    message: "There is no way to ask for an administrator's rights here.",
    remedy: instead,
  });
  for (const way of await waysOf(how)) {
    result = readEnd(way, await attempts[way](launch.value, intents[step.do], how, longest), instead);
    if (result.ok || result.error.code !== "elevation-no-agent") return result;
  }
  return result;
}

async function launchOf(step: ElevatedStep, { entry }: Elevation): Promise<Result<Launch>> {
  const argument = await encodeStep(step);
  if (!argument.ok) return argument;
  const isElectron = process.versions.electron !== undefined;
  return ok({ node: process.execPath, isElectron, entry, argument: argument.value });
}

function insteadOf(platform: NodeJS.Platform, launch: Launch): string {
  const where = platform === "win32" ? "a PowerShell that was opened as administrator" : "a terminal";
  return `To do it by hand, run this in ${where}: ${pasteLine(platform, launch)}`;
}

async function waysOf({ machine, terminal }: Elevation): Promise<readonly Way[]> {
  const { platform, environment, isElevated, runner } = machine;
  const isInTerminal = terminal.isOurs;
  const has = async (program: ThroughProgram) => (await runner.find(program)) !== undefined;
  const [hasSudo, hasPkexec] = [await has("sudo"), await has("pkexec")];
  return waysToElevate({ platform, environment, isElevated, isInTerminal, hasSudo, hasPkexec });
}

type Attempt = (launch: Launch, intent: string, how: Elevation, longest: number) => Promise<Ended>;

const attempts: { readonly [W in Way]: Attempt } = {
  direct: (launch, _intent, { machine }, longest) => runToEnd(plainCommand(launch), machine, longest),
  sudo: throughSudo,
  pkexec: async (launch, _intent, { machine }, longest) =>
    runToEnd(await commandThrough("pkexec", launch, machine), machine, longest),
  osascript: (launch, intent, { machine }, longest) =>
    runToEnd(throughOsascript(launch, intent), machine, longest),
  uac: async (launch, _intent, { machine }, longest) => {
    const command = throughUac(launch, machine.environment.SystemRoot);
    return command ? runToEnd(command, machine, longest) : tooLongForWindows;
  },
};

const tooLongForWindows: Ended = {
  status: undefined,
  output: "",
  errors: "it is too long for a command of Windows",
  isTimedOut: false,
};

/** The outcome comes back in a file, written by the user's own shell into a folder that only the user may enter. */
async function throughSudo(launch: Launch, intent: string, { machine, terminal }: Elevation): Promise<Ended> {
  const folder = await mkdtemp(join(tmpdir(), "oneport-elevation-"));
  try {
    const file = join(folder, "outcome");
    const sudo = await commandThrough("sudo", launch, machine);
    const status = await terminal.run(inTerminal(sudo, intent, file));
    const output = await readFile(file, "utf8").catch((error) => {
      // The shell did not come that far.
      if (systemCode(error) === "ENOENT") return "";
      throw error;
    });
    return { status, output, errors: "", isTimedOut: false };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The program was there when the way was chosen; should it have gone since, starting it tells so. */
async function commandThrough(way: ThroughProgram, launch: Launch, { runner }: Machine): Promise<Command> {
  return throughProgram((await runner.find(way)) ?? way, way, launch);
}

/** Unlike a `Runner`'s, this failure keeps what was written to both outputs. */
function runToEnd(
  { program, arguments: list }: Command,
  { environment }: Machine,
  longest: number,
): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { env: environment, timeout: longest, windowsHide: true };
    const child = execFile(program, list, options, (error, output, errors) => {
      const code = error ? error.code : 0;
      const status = typeof code === "number" ? code : undefined;
      const isTimedOut = error?.killed ?? false;
      resolve({ status, output, errors: errors || (error?.message ?? ""), isTimedOut });
    });
    // A program that does not read is not a failure.
    child.stdin?.on("error", () => {}).end();
  });
}
