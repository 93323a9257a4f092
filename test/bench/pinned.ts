/** Programs that each run on one core, and what they take of the machine: CPU time and memory, with all that they start. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import net from "node:net";
import { setTimeout as wait } from "node:timers/promises";

/** What is measured runs on the one core, what measures on the other. */
export const cores = { proxy: 0, load: 1 } as const;

/** proc_pid_stat(5) counts CPU time in hundredths of a second on every Linux: good enough for those that have ended. */
const ticksASecond = 100;
const pageKilobytes = 4;
const readyMilliseconds = 15_000;
const farewellMilliseconds = 3_000;

interface PinnedOptions {
  readonly folder: string;
  readonly environment?: NodeJS.ProcessEnv;
}

/** The leaders of the groups that are at work: a bench that is broken off leaves none behind. */
const leaders = new Set<number>();

process.on("exit", () => {
  for (const leader of leaders) process.kill(-leader, "SIGKILL");
});

export class Pinned implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #closed: Promise<unknown>;
  #said = "";

  /** It leads a process group, by which what it starts is found. */
  constructor(
    core: number,
    [program, ...arguments_]: readonly [string, ...string[]],
    { folder, environment }: PinnedOptions,
  ) {
    this.#name = program;
    this.#child = spawn("taskset", ["-c", String(core), program, ...arguments_], {
      cwd: folder,
      env: environment ?? process.env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const { pid } = this.#child;
    if (pid !== undefined) leaders.add(pid);
    this.#child.once("exit", () => pid !== undefined && leaders.delete(pid));
    this.#closed = once(this.#child, "close");
    this.#child.on("error", (error) => this.#hear(error.message));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (words: string) => this.#hear(words));
    }
  }

  /** The answer to a message, of those who take messages; rejects when it ends instead. */
  async ask(message: object): Promise<unknown> {
    const answer = once(this.#child, "message").then(([value]: unknown[]) => value);
    if (this.#child.connected) this.#child.send(message);
    return Promise.race([answer, this.#closed.then(() => Promise.reject(this.#ended()))]);
  }

  /** Fulfilled when somebody listens on 127.0.0.1. */
  async listens(port: number): Promise<void> {
    for (const deadline = performance.now() + readyMilliseconds; ; await wait(20)) {
      if (await accepts(port)) return;
      if (this.#child.exitCode !== null || performance.now() > deadline) throw this.#ended();
    }
  }

  /** CPU time so far in seconds: of every thread, of the processes it has started, and of those that have ended. */
  get cpuSeconds(): number {
    const ended = sum(this.#group, ({ endedTicks }) => endedTicks) / ticksASecond;
    return ended + sum(this.#group, ({ pid }) => nanosecondsOf(pid)) / 1e9;
  }

  /** Memory in use in KB; what processes share counts for each. */
  get kilobytes(): number {
    return sum(this.#group, ({ pages }) => pages) * pageKilobytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal("SIGTERM");
    const timer = setTimeout(() => this.#signal("SIGKILL"), farewellMilliseconds);
    await this.#closed;
    clearTimeout(timer);
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, signal);
  }

  #hear(words: string): void {
    this.#said = (this.#said + words).slice(-4000);
  }

  #ended(): Error {
    const { exitCode, signalCode } = this.#child;
    return new Error(`${this.#name} is not at work (${signalCode ?? exitCode ?? "silent"}):\n${this.#said}`);
  }

  get #group(): ProcessStat[] {
    const { pid } = this.#child;
    const stats = readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? (statOf(name) ?? []) : []));
    return stats.filter(({ group }) => group === pid);
  }
}

interface ProcessStat {
  readonly pid: string;
  readonly group: number;
  readonly endedTicks: number;
  readonly pages: number;
}

/** proc_pid_stat(5); nothing when the process has ended meanwhile. */
function statOf(pid: string): ProcessStat | undefined {
  const text = textIn(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The second field is the program's name in parentheses, with whatever is in it; the third is at 0 from here on.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const field = (number: number) => Number(fields[number - 3]);
  return { pid, group: field(5), endedTicks: field(16) + field(17), pages: field(24) };
}

/** What the threads of a process have run: the first number of each one's schedstat (sched-stats.rst in the kernel's documentation). */
function nanosecondsOf(pid: string): number {
  const tasks = `/proc/${pid}/task`;
  return sum(readdirSync(tasks), (thread) => {
    const [ran = 0] = textIn(`${tasks}/${thread}/schedstat`)?.split(" ") ?? [];
    return Number(ran);
  });
}

/** Nothing when what it tells of has ended. */
function textIn(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

function accepts(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = net.connect(port, "127.0.0.1");
  socket.once("connect", () => resolve(true));
  socket.once("error", () => resolve(false));
  return promise.finally(() => socket.destroy());
}
