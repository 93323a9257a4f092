/** Which way to more rights there is on a system, and what came of it. */
import * as v from "valibot";
import { fail, ok, type Problem, type Result } from "./errors.ts";
import { problem } from "./events.ts";

/**
 * `direct`: the rights are there already. `sudo` asks in a terminal, the others in a dialog of the system: `pkexec` on Linux,
 * `osascript` on macOS, `uac` on Windows.
 */
export type Way = "direct" | ThroughProgram | "osascript" | "uac";
/** A program that runs the command which it is given. */
export type ThroughProgram = "sudo" | "pkexec";

export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly environment: NodeJS.ProcessEnv;
  readonly isElevated: boolean;
  /** Does the user sit before a terminal of ours? An editor can but open one. */
  readonly isInTerminal: boolean;
  readonly hasSudo: boolean;
  readonly hasPkexec: boolean;
}

/** The best first; the next is for when a dialog turns out to have nobody to show it. None where there is no way. */
export function waysToElevate(here: Surroundings): readonly Way[] {
  if (here.isElevated) return ["direct"];
  const { isInTerminal, hasSudo, hasPkexec } = here;
  const { hasDesktop, isFar } = desktopOf(here.environment);
  switch (here.platform) {
    case "win32":
      return isFar ? [] : ["uac"];
    case "darwin":
      return isInTerminal || isFar ? ["sudo"] : ["osascript", "sudo"];
    default: {
      const dialogs: readonly Way[] = hasPkexec && hasDesktop && !isFar ? ["pkexec"] : [];
      const terminals: readonly Way[] = hasSudo ? ["sudo"] : [];
      return isInTerminal ? [...terminals, ...dialogs] : [...dialogs, ...terminals];
    }
  }
}

/** A display that SSH or WSL provides shows windows, but no system's dialogs. */
function desktopOf(environment: NodeJS.ProcessEnv) {
  const { DISPLAY, WAYLAND_DISPLAY, SSH_CONNECTION, SSH_TTY, WSL_DISTRO_NAME } = environment;
  return {
    hasDesktop: Boolean(DISPLAY || WAYLAND_DISPLAY),
    isFar: Boolean(SSH_CONNECTION || SSH_TTY || WSL_DISTRO_NAME),
  };
}

/** How the program of a way ended. */
export interface Ended {
  /** Undefined when it could not be started, or was ended by a signal. */
  readonly status: number | undefined;
  readonly output: string;
  readonly errors: string;
  readonly isTimedOut: boolean;
}

/**
 * What the elevated program said of itself; else what kept it from running. `instead` is a sentence: what the user may do by hand.
 * Nothing but `elevation-no-agent` is worth trying another way.
 */
export function readEnd(way: Way, ended: Ended, instead: string): Result<void> {
  const { status, output, errors } = ended;
  const said = readOutcome(output);
  if (said) return said;
  // Windows lets no output through.
  if (way === "uac" && status === 0) return ok(undefined);
  if (ended.isTimedOut) return failure("elevation-timed-out", "Nobody answered in time", instead);
  if (/^(\/usr\/bin\/)?env:/.test(errors)) {
    return failure(
      "elevation-not-readable",
      `Root cannot run what this user runs (${inOneLine(errors)})`,
      instead,
    );
  }
  const reason = reasons[way](status, errors);
  if (reason) return failure(reason, messages[reason], instead);
  const how = status === undefined ? "was ended from outside" : `ended with status ${status}`;
  const why = inOneLine(errors);
  return failure("elevation-failed", `The step ${how} and did not say why${why && ` (${why})`}`, instead);
}

/** Did the step not run at all, so that the user may still have it done by hand? */
export function isNotRun({ code }: Problem): boolean {
  return code.startsWith("elevation-");
}

type Reason = "elevation-declined" | "elevation-refused" | "elevation-no-agent";

const messages: { readonly [R in Reason]: string } = {
  "elevation-declined": "The question for a password was closed, so nothing was changed",
  "elevation-refused": "The system did not give the rights, so nothing was changed",
  "elevation-no-agent": "There is nobody on this desktop who could ask for a password",
};

/** What the status of each program means beside the step's own 0 and 1; from its documentation. */
const reasons: {
  readonly [W in Way]: (status: number | undefined, errors: string) => Reason | undefined;
} = {
  direct: () => undefined,
  // It tells of wrong passwords and missing rights by status 1 alone; the user has read which. A terminal that is closed ends it.
  sudo: (status) => {
    if (status === undefined) return "elevation-declined";
    return status === 1 ? "elevation-refused" : undefined;
  },
  // pkexec(1): 126 when the dialog was dismissed, 127 when there was no authorization or an error.
  pkexec: (status, errors) => {
    if (status === 126) return "elevation-declined";
    if (status !== 127) return undefined;
    return /agent|authority/i.test(errors) ? "elevation-no-agent" : "elevation-refused";
  },
  // userCanceledErr, and errAEInteractionNotAllowed of a session without a screen.
  osascript: (_status, errors) => {
    if (errors.includes("(-128)")) return "elevation-declined";
    return errors.includes("(-1713)") ? "elevation-no-agent" : "elevation-refused";
  },
  // Our own script's word for ERROR_CANCELLED.
  uac: (status) => (status === 126 ? "elevation-declined" : undefined),
};

const outcome = v.pipe(
  v.string(),
  v.parseJson(),
  v.variant("ok", [v.object({ ok: v.literal(true) }), v.object({ ok: v.literal(false), error: problem })]),
);

/** The line that the elevated program writes. */
export function formatOutcome(result: Result<void>): string {
  return JSON.stringify(result.ok ? { ok: true } : { ok: false, error: result.error });
}

/** The last line that is such an outcome; undefined when there is none. Others may have written before it. */
function readOutcome(output: string): Result<void> | undefined {
  for (const line of output.split(/[\r\n]+/).reverse()) {
    const read = v.safeParse(outcome, line);
    if (read.success) return read.output.ok ? ok(undefined) : fail(read.output.error);
  }
  return undefined;
}

function failure(code: string, what: string, remedy: string) {
  return fail({ code, message: `${what}.`, remedy });
}

const mostSaid = 300;

function inOneLine(text: string): string {
  return text
    .trim()
    .replace(/\s*\n\s*/g, "; ")
    .slice(0, mostSaid);
}
