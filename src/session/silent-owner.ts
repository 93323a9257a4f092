/** What to do about an owner that holds the port and does not answer: a stopped process is ended, any other is told of. */
import type { Problem } from "../core/errors.ts";

/** What is to be known of the machine. */
export interface Processes {
  /** Who listens on a port: its id, where the system tells, and words for it, such as `node (pid 4711)`. */
  readonly holderOf: (port: number) => Promise<{ readonly pid?: number; readonly words: string } | undefined>;
  /** `stopped`: by a signal; `traced`: by a debugger. */
  readonly stateOf: (pid: number) => Promise<"running" | "stopped" | "traced" | "gone">;
}

/**
 * A process that was stopped by a signal still has its port: clients connect, and hang. It is killed, which frees the port
 * at once. One that is being debugged, or merely busy, lives on. Fulfilled with why it does.
 */
export async function endIfStopped(port: number, processes: Processes): Promise<Problem | undefined> {
  const holder = await processes.holderOf(port);
  if (!holder) return undefined;
  const { pid, words } = holder;
  const state = pid === undefined ? "running" : await processes.stateOf(pid);
  switch (state) {
    case "gone":
      return undefined;
    case "stopped":
      if (pid !== undefined) process.kill(pid, "SIGKILL");
      return undefined;
    case "traced":
      return silent(words, port, "is held by a debugger");
    case "running":
      return silent(words, port, "does not answer");
  }
}

function silent(words: string, port: number, why: string): Problem {
  return {
    code: "owner-silent",
    message: `${words} owns the mux on port ${port} and ${why}.`,
    remedy: "Let it go on or end it: another window takes over at once.",
  };
}
