/** A program and all that it begins in turn, ended together. Not for Windows, which has no process groups. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { systemCode } from "../../src/core/errors.ts";
import { longestMilliseconds } from "../e2e/program.ts";

/** After this, what was asked to end is made to. */
const farewellMilliseconds = 5_000;

export class ProcessGroup implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ended = new AbortController();
  readonly #closed: Promise<void>;
  readonly #news = new EventEmitter();
  #said = "";

  /** Of this process's environment it has nothing but what is given. */
  constructor(program: string, arguments_: readonly string[], environment: NodeJS.ProcessEnv) {
    this.#child = spawn(program, arguments_, { env: environment, detached: true });
    this.#closed = new Promise((resolve) => {
      this.#child.once("error", (error) => this.#hear(error.message));
      this.#child.once("close", () => {
        this.#ended.abort();
        resolve();
      });
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding("utf8").on("data", (words: string) => this.#hear(words));
    }
    // Whoever ends this process, such as a test runner that has waited too long, does not reach the group.
    process.once("exit", this.#kill);
    process.once("SIGTERM", exitAsTerminated);
  }

  /** What matches in all that it has said, and will say; rejects with what it said instead. */
  async heard(pattern: RegExp): Promise<RegExpExecArray> {
    const signal = AbortSignal.any([this.#ended.signal, AbortSignal.timeout(longestMilliseconds)]);
    for (;;) {
      const found = pattern.exec(this.#said);
      if (found) return found;
      if (signal.aborted) throw new Error(`No word of ${pattern}, but:\n${this.#said}`);
      await once(this.#news, "said", { signal }).catch(() => undefined);
    }
  }

  /** The ids of its processes whose command line has all of these words, the oldest first. Reads Linux's /proc. */
  async processes(...words: string[]): Promise<number[]> {
    const group = this.#child.pid;
    const ids = (await readdir("/proc")).map(Number).filter(Number.isInteger);
    const found = await Promise.all(
      ids.map(async (id) => {
        const read = (file: string) => readFile(join("/proc", String(id), file), "utf8").catch(() => "");
        // After the name, which may hold anything: state, parent, group.
        const [, , inGroup] = (await read("stat")).replace(/^.*\) /s, "").split(" ");
        const command = await read("cmdline");
        return Number(inGroup) === group && words.every((word) => command.includes(word)) ? [id] : [];
      }),
    );
    return found.flat().sort((one, other) => one - other);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal("SIGTERM");
    const timer = setTimeout(this.#kill, farewellMilliseconds);
    await this.#closed;
    clearTimeout(timer);
    this.#kill();
    process.off("exit", this.#kill);
    process.off("SIGTERM", exitAsTerminated);
  }

  readonly #kill = () => this.#signal("SIGKILL");

  #signal(signal: NodeJS.Signals): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch (error) {
      if (systemCode(error) !== "ESRCH") throw error;
    }
  }

  #hear(words: string): void {
    this.#said += words;
    this.#news.emit("said");
  }
}

/** As a shell tells it; the listeners of "exit" run. */
function exitAsTerminated(): void {
  process.exit(128 + 15);
}
