/** Programs of the system: found by their name, run to their end within a time limit, never through a shell. */
import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { Command } from "../core/command.ts";
import { fail, ok, type Result, shortReason } from "../core/errors.ts";

/** A dialog that asks for a password or for consent may be part of it. */
const longestMilliseconds = 120_000;
const mostOutputBytes = 16 * 1024 * 1024;
/** Characters of an error. */
const mostSaid = 500;

/** A program that did not end with status 0. */
export interface RunFailure {
  /** Undefined when it could not be started, or was ended from outside. */
  readonly status: number | undefined;
  /** What it wrote, in one line; or why it could not run. */
  readonly said: string;
}

export interface Runner {
  /** The whole path of a program, undefined when PATH has none of that name. Not for what is to be run elevated. */
  find(name: string): Promise<string | undefined>;
  /** What the program wrote to standard output; its standard input is empty. */
  run(command: Command): Promise<Result<string, RunFailure>>;
}

export function systemRunner(environment: NodeJS.ProcessEnv): Runner {
  return {
    find: async (name) => {
      const folders = (environment.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
      for (const folder of folders) {
        const path = join(folder, name);
        if (await isExecutable(path)) return path;
      }
      return undefined;
    },
    run: ({ program, arguments: list }) =>
      new Promise((resolve) => {
        const options = {
          env: environment,
          timeout: longestMilliseconds,
          maxBuffer: mostOutputBytes,
          windowsHide: true,
        };
        const child = execFile(program, list, options, (error, output, errors) => {
          if (!error) return resolve(ok(output));
          const status = child.exitCode ?? undefined;
          resolve(fail({ status, said: inOneLine(errors) || inOneLine(output) || whyNot(error) }));
        });
        // A program that does not read is not a failure.
        child.stdin?.on("error", () => {}).end();
      }),
  };
}

function whyNot(error: Error & { killed?: boolean }): string {
  return error.killed ? "it was ended after two minutes" : shortReason(error);
}

function inOneLine(text: string): string {
  return text
    .trim()
    .replace(/\.?\s*\n\s*/g, "; ")
    .replace(/\.$/, "")
    .slice(0, mostSaid);
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
