/**
 * macOS: the listening sockets of the user's own processes, by way of `lsof` and `ps`. Written to the documentation of
 * those programs; run with those of Linux, and not on macOS yet.
 */
import { fail, ok, type Problem, type Result } from "../core/errors.ts";
import {
  type ListeningProcess,
  type ListeningSocket,
  parseLsofFolders,
  parseLsofSockets,
  parsePs,
} from "../core/listening-ports.ts";
import { visible } from "../core/printable.ts";
import { baseName, programName } from "../core/program-name.ts";
import type { RunFailure, Runner } from "./run.ts";

const lsof = "/usr/sbin/lsof";
const ps = "/bin/ps";

/** Sockets of other users are not in its list, unless root asks. */
export async function darwinSockets(runner: Runner): Promise<Result<readonly ListeningSocket[]>> {
  const listed = await runner.run({
    program: lsof,
    arguments: ["-w", "-nP", "+c0", "-iTCP", "-sTCP:LISTEN", "-Fpctn"],
  });
  if (!listed.ok && !foundNothing(listed.error)) return fail(unreadable(listed.error));
  const sockets = parseLsofSockets(listed.ok ? listed.value : "");
  if (sockets.length === 0) return ok([]);
  const pids = [...new Set(sockets.map(({ pid }) => pid))].join(",");
  const [folders, commandLines] = await Promise.all([
    runner.run({ program: lsof, arguments: ["-w", "-a", "-d", "cwd", "-p", pids, "-Fpn"] }),
    runner.run({ program: ps, arguments: ["-ww", "-o", "pid=,args=", "-p", pids] }),
  ]);
  // Without these, as when a process has ended meanwhile, what is known is just less.
  const folderOf = parseLsofFolders(folders.ok ? folders.value : "");
  const commandLineOf = parsePs(commandLines.ok ? commandLines.value : "");
  return ok(
    sockets.map(({ address, port, pid, name = "" }): ListeningSocket => {
      const folder = folderOf.get(pid);
      const process: ListeningProcess = {
        pid,
        name: nameOf(name, commandLineOf.get(pid) ?? "") || "a process",
        ...(folder !== undefined && { folder }),
      };
      return { address, port, process };
    }),
  );
}

/** lsof ends with 1 when it has nothing to list, and says nothing then. */
function foundNothing({ status, said }: RunFailure): boolean {
  return status === 1 && !said.startsWith("lsof:");
}

/**
 * A command line in one text does not tell which spaces part its words: they are counted from the program's own name on. Where
 * that is not in it, the program has written something about itself there.
 */
function nameOf(command: string, commandLine: string): string {
  const words = commandLine.split(" ");
  const at = words.findIndex((word) => baseName(word).toLowerCase() === command.toLowerCase());
  if (at >= 0) return programName([command, ...words.slice(at + 1)]);
  return commandLine === "" || commandLine.includes(command) ? visible(command) : programName(words);
}

function unreadable({ said }: RunFailure): Problem {
  return {
    code: "ports-unknown",
    message: `Which programs listen on ports could not be found out: ${said}.`,
    remedy: `Run "${lsof} -nP -iTCP -sTCP:LISTEN" in a terminal to see what is wrong.`,
  };
}
