/** A program in a terminal that the user sees, for what asks for a password where there is no desktop. */
import { window } from "vscode";
import type { Command } from "../core/command.ts";

/** The exit status, once the terminal has closed; undefined when it was closed before the program had ended. */
export function runInTerminal(
  { program, arguments: list }: Command,
  name: string,
): Promise<number | undefined> {
  const terminal = window.createTerminal({
    name,
    shellPath: program,
    shellArgs: [...list],
    isTransient: true,
  });
  terminal.show();
  return new Promise((resolve) => {
    const watcher = window.onDidCloseTerminal((closed) => {
      if (closed !== terminal) return;
      watcher.dispose();
      resolve(closed.exitStatus?.code);
    });
  });
}
