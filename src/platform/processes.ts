/** Other processes, as far as the windows of Oneport must know them: who holds the port, and whether it is stopped. */
import { readFile } from "node:fs/promises";
import { portHolder } from "./listening-ports.ts";
import type { Machine } from "./machine.ts";

type ProcessState = "running" | "stopped" | "traced" | "gone";

/** `stopped`: by a signal, such as Ctrl-Z; `traced`: by a debugger. */
export function processes(machine: Machine): {
  holderOf(port: number): Promise<{ readonly pid?: number; readonly words: string } | undefined>;
  stateOf(pid: number): Promise<ProcessState>;
} {
  return {
    holderOf: async (port) => {
      const holder = await portHolder(machine, port, "127.0.0.1");
      if (!holder.ok || !holder.value) return undefined;
      const { process, words } = holder.value;
      return { words, ...(process && { pid: process.pid }) };
    },
    stateOf: async (pid) => stateIn(await lettersOf(pid, machine)),
  };
}

/** By the letters of Linux and macOS; those of `ps` there are read from its documentation, not run yet. */
function stateIn(letters: string): ProcessState {
  if (letters === "" || letters.startsWith("Z")) return "gone";
  if (letters.startsWith("t") || letters.includes("X")) return "traced";
  return letters.startsWith("T") ? "stopped" : "running";
}

async function lettersOf(pid: number, { platform, runner }: Machine): Promise<string> {
  if (platform === "linux") {
    // The third field; the second, the program's name, may hold anything.
    const line = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    return line.slice(line.lastIndexOf(")") + 2).split(" ", 1)[0] ?? "";
  }
  // Windows stops no process.
  if (platform === "win32") return "R";
  const answer = await runner.run({ program: "/bin/ps", arguments: ["-o", "state=", "-p", String(pid)] });
  return answer.ok ? answer.value.trim() : "";
}
