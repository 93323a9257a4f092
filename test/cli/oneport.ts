/** The command line as its users run it: a process with arguments, two outputs and an exit status. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

export const cli = fileURLToPath(new URL("../../src/cli.ts", import.meta.url));

export interface Finished {
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
}

interface Outputs {
  readonly stdout: Readable;
  readonly stderr: Readable;
}

/** A folder with a settings file, and a state directory beside it; removed when disposed. */
export class Workplace implements AsyncDisposable {
  readonly folder: string;
  readonly state: string;
  readonly settings: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.state = join(folder, "state");
    this.settings = join(folder, ".vscode", "settings.json");
  }

  static async with(settings: unknown): Promise<Workplace> {
    const place = new Workplace(await mkdtemp(join(tmpdir(), "oneport-cli-")));
    await mkdir(join(place.folder, ".vscode"));
    if (settings !== undefined) await place.write(settings);
    return place;
  }

  /** A text as it is, anything else as JSON. */
  async write(settings: unknown): Promise<void> {
    await writeFile(this.settings, typeof settings === "string" ? settings : JSON.stringify(settings));
  }

  /** Runs to its end. */
  async run(arguments_: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Finished> {
    return finished(this.#spawn([process.execPath, cli, ...arguments_], environment));
  }

  /** As `run`, with the output going into a file. */
  async runInto(file: string, arguments_: readonly string[]): Promise<Finished> {
    return finished(
      this.#spawn(["sh", "-c", 'exec "$@" > "$0"', file, process.execPath, cli, ...arguments_], {}),
    );
  }

  /** As `run`, in a folder that was deleted. */
  async runNowhere(arguments_: readonly string[]): Promise<Finished> {
    return finished(this.#spawnNowhere(arguments_));
  }

  /** As `start`, in a folder that was deleted. */
  startNowhere(arguments_: readonly string[]): Running {
    return new Running(this.#spawnNowhere(["start", this.folder, ...arguments_]));
  }

  /** Begins `oneport start` on the folder. */
  start(arguments_: readonly string[], environment: NodeJS.ProcessEnv = {}): Running {
    return new Running(
      this.#spawn([process.execPath, cli, "start", this.folder, ...arguments_], environment),
    );
  }

  #spawnNowhere(arguments_: readonly string[]) {
    const script = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"';
    return this.#spawn(["sh", "-c", script, "sh", process.execPath, cli, ...arguments_], {});
  }

  #spawn([program, ...arguments_]: readonly [string, ...string[]], environment: NodeJS.ProcessEnv) {
    const { FORCE_COLOR: _forced, NO_COLOR: _none, NODE_TEST_CONTEXT: _context, ...inherited } = process.env;
    return spawn(program, arguments_, {
      cwd: this.folder,
      env: { ...inherited, ONEPORT_STATE_DIR: this.state, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true });
  }
}

async function finished(child: ChildProcess & Outputs): Promise<Finished> {
  const closed = once(child, "close");
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { status: child.exitCode, output, errors };
}

/** `oneport start` while it runs; killed when disposed, if it has not ended by then. */
export class Running implements AsyncDisposable {
  readonly errors: Lines;
  readonly #child: ChildProcess & Outputs;
  readonly #exited: Promise<unknown>;
  #output: Lines | undefined;

  constructor(child: ChildProcess & Outputs) {
    this.#child = child;
    this.#exited = once(child, "exit");
    this.errors = new Lines(child.stderr);
  }

  /** Nothing of it is read before this is asked for. */
  get output(): Lines {
    this.#output ??= new Lines(this.#child.stdout);
    return this.#output;
  }

  /** Fulfilled when there is some output, which is held, and no more of it read. */
  async holdOutput(): Promise<void> {
    await once(this.#child.stdout, "readable");
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** What a reader does that has seen enough. */
  closeOutput(): void {
    this.#child.stdout.destroy();
  }

  closeErrors(): void {
    this.#child.stderr.destroy();
  }

  /** The exit status; null when a signal ended it. */
  async ended(): Promise<number | null> {
    await this.#exited;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill("SIGKILL");
    await this.#exited;
  }
}

/** The lines of a stream, read as they are asked for. */
export class Lines {
  readonly #iterator: AsyncIterator<string>;

  constructor(stream: Readable) {
    this.#iterator = createInterface({ input: stream })[Symbol.asyncIterator]();
  }

  /** The next line; fails at the end. */
  async next(): Promise<string> {
    const { done, value } = await this.#iterator.next();
    if (done) throw new Error("The output ended.");
    return value;
  }

  /** The next line that matches, passing over the others; fails at the end, showing those. */
  async until(pattern: RegExp): Promise<string> {
    const passed: string[] = [];
    for (;;) {
      const { done, value } = await this.#iterator.next();
      if (done) throw new Error(`The output ended before ${pattern}:\n${passed.join("\n")}`);
      if (pattern.test(value)) return value;
      passed.push(value);
    }
  }
}
