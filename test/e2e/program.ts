/** Other people's programs: found on PATH, run to their end, or ended with the test. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { text } from "node:stream/consumers";
import { systemCode } from "../../src/core/errors.ts";

/** No test waits longer than this for anything. */
export const longestMilliseconds = 60_000;

export interface Ran {
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
}

/** The whole path of a program; rejects with its name when it is not on PATH. */
export async function findProgram(name: string): Promise<string> {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, name);
    const found = access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (await found) return path;
  }
  throw missing(name);
}

/** Runs to its end, or to the end of our patience; its input is `input`. Rejects when the program is not there. */
export async function run(
  program: string,
  arguments_: readonly string[],
  environment: NodeJS.ProcessEnv,
  input = "",
): Promise<Ran> {
  await using child = await begin(program, arguments_, environment);
  child.stdin.on("error", () => undefined).end(input);
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { status: await child.ended, output, errors };
}

interface Begun extends AsyncDisposable {
  readonly stdin: ChildProcessWithoutNullStreams["stdin"];
  readonly stdout: ChildProcessWithoutNullStreams["stdout"];
  readonly stderr: ChildProcessWithoutNullStreams["stderr"];
  /** The exit status; null when a signal ended it. */
  readonly ended: Promise<number | null>;
}

/** A program that runs on beside the test; killed when disposed, if it has not ended by then. */
export async function begin(
  program: string,
  arguments_: readonly string[],
  environment: NodeJS.ProcessEnv,
  folder?: string,
): Promise<Begun> {
  const child = spawn(program, arguments_, {
    env: environment,
    timeout: longestMilliseconds,
    ...(folder !== undefined && { cwd: folder }),
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", (status) => resolve(status)));
  try {
    await once(child, "spawn");
  } catch (error) {
    throw systemCode(error) === "ENOENT" ? missing(program) : error;
  }
  const { stdin, stdout, stderr } = child;
  return {
    stdin,
    stdout,
    stderr,
    ended,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      stdout.resume();
      stderr.resume();
      await ended;
    },
  };
}

function missing(program: string): Error {
  return new Error(
    `This test needs the program "${program}", which is not on PATH. Install it and run again.`,
  );
}
