/** Debian's servers, each as long as its test: in the foreground, as an ordinary user, in a throw-away folder. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { longestMilliseconds } from "../e2e/program.ts";
import { type Folder, user } from "./folder.ts";
import { environment, find, finish, type Program } from "./run.ts";

/** After this a server that does not go is made to. */
const farewellMilliseconds = 5_000;

export class Server implements AsyncDisposable {
  readonly #program: Program;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ended = new AbortController();
  readonly #closed: Promise<unknown>;
  readonly #news = new EventEmitter();
  #said = "";

  private constructor(program: Program, arguments_: readonly string[], folder: Folder) {
    this.#program = program;
    this.#child = begin(program, arguments_, folder);
    this.#closed = once(this.#child, "close").then(() => this.#ended.abort());
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding("utf8").on("data", (words: string) => {
        this.#said += words;
        this.#news.emit("said");
      });
    }
  }

  /** Resolves when it says that it is `ready`; rejects with what it said instead. */
  static async start(
    program: Program,
    arguments_: readonly string[],
    folder: Folder,
    ready: RegExp,
  ): Promise<Server> {
    const server = new Server(program, arguments_, folder);
    try {
      await server.heard(ready);
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The first of all that it has said, and will say, which matches. */
  async heard(pattern: RegExp): Promise<string> {
    const signal = AbortSignal.any([this.#ended.signal, AbortSignal.timeout(longestMilliseconds)]);
    for (;;) {
      const [found] = pattern.exec(this.#said) ?? [];
      if (found !== undefined) return found;
      if (signal.aborted) throw new Error(`${this.#program} did not say ${pattern}, but:\n${this.#said}`);
      await once(this.#news, "said", { signal }).catch(() => undefined);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), farewellMilliseconds);
    await this.#closed;
    clearTimeout(timer);
  }
}

/** Runs what gets a server's folder ready; rejects with what it said when it fails. */
export async function prepare(
  program: Program,
  arguments_: readonly string[],
  folder: Folder,
): Promise<void> {
  const { status, output, errors } = await finish(begin(program, arguments_, folder));
  if (status !== 0) throw new Error(`${program} failed:\n${output}${errors}`);
}

function begin(program: Program, arguments_: readonly string[], { path }: Folder) {
  return spawn(find(program), arguments_, { cwd: path, env: environment, ...user.ids });
}
