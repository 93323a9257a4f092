/**
 * Windows: the listening sockets of every user, by way of `netstat` and `tasklist`. Written to Microsoft's documentation of
 * those programs and not run on this system yet.
 */
import { fail, ok, type Problem, type Result } from "../core/errors.ts";
import { type ListeningSocket, parseNetstat, parseTasklist } from "../core/listening-ports.ts";
import { visible } from "../core/printable.ts";
import { type Machine, windowsProgram } from "./machine.ts";
import type { RunFailure } from "./run.ts";

export async function windowsSockets(machine: Machine): Promise<Result<readonly ListeningSocket[]>> {
  const { runner } = machine;
  const [listed, tasks] = await Promise.all([
    runner.run({ program: windowsProgram("netstat.exe", machine), arguments: ["-ano"] }),
    runner.run({ program: windowsProgram("tasklist.exe", machine), arguments: ["/FO", "CSV", "/NH"] }),
  ]);
  if (!listed.ok) return fail(unreadable(listed.error));
  // Without names the numbers of the processes are told still.
  const nameOf = parseTasklist(tasks.ok ? tasks.value : "");
  return ok(
    parseNetstat(listed.value).map(({ address, port, pid }) => {
      const name = (nameOf.get(pid) ?? "a process").replace(/\.exe$/i, "");
      return { address, port, process: { pid, name: visible(name) } };
    }),
  );
}

function unreadable({ said }: RunFailure): Problem {
  return {
    code: "ports-unknown",
    message: `Which programs listen on ports could not be found out: ${said}.`,
    remedy: 'Run "netstat -ano" in a terminal to see what is wrong.',
  };
}
