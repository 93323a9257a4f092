/** What to do about an owner that holds the port and does not answer: a stopped process is ended, any other is told of. */
import type { Problem } from "../core/errors.ts";

/** What is to be known of the machine. */
export interface Processes {
  /** Who listens on a port: its id, where the system tells, and words for it, such as `node (pid 4711)`. */
  readonly holderOf: (port: number) => Promise<{ readonly pid?: number; readonly words: string } | undefined>;
  /** `stopped`: by a signal; `traced`: by a debugger. */
  readonly stateOf: (pid: number) => Promise<"running" | "stopped" | "traced" | "gone">;
}

/** What became of it, and the problem to tell: who was ended for being stopped, or why it lives on. */
export interface SilentOwner {
  readonly is: "ended" | "alive";
  readonly problem: Problem;
}

/**
 * A process that was stopped by a signal still has its port: clients connect, and hang. It is killed, which frees the port
 * at once. One that is being debugged, or merely busy, lives on. Fulfilled with nothing where nobody is left.
 */
export async function endIfStopped(port: number, processes: Processes): Promise<SilentOwner | undefined> {
  const holder = await processes.holderOf(port);
  if (!holder) return undefined;
  const { pid, words } = holder;
  if (pid === undefined) return alive(words, port, "does not answer");
  const state = await processes.stateOf(pid);
  switch (state) {
    case "gone":
      return undefined;
    case "stopped":
      process.kill(pid, "SIGKILL");
      return ended(words, port);
    case "traced":
      return alive(words, port, "is held by a debugger");
    case "running":
      return alive(words, port, "does not answer");
  }
}

function ended(words: string, port: number): SilentOwner {
  const problem = {
    code: "owner-ended",
    message: `${words} owned the mux on port ${port} and was suspended, so it answered nobody: it was ended.`,
    remedy: 'End a mux with Ctrl-C or "oneport stop" in place of suspending it.',
  };
  return { is: "ended", problem };
}

function alive(words: string, port: number, why: string): SilentOwner {
  const problem = {
    code: "owner-silent",
    message: `${words} owns the mux on port ${port} and ${why}.`,
    remedy: "Let it go on or end it: another window takes over at once.",
  };
  return { is: "alive", problem };
}
