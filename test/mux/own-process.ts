/** A mux in a process of its own, with a limit on open files: run as a program it is that process. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type MuxEvent, parseEvent } from "../../src/core/events.ts";
import { MuxWorker } from "../../src/session/mux-worker.ts";

const program = fileURLToPath(import.meta.url);

export interface OwnProcess extends AsyncDisposable {
  readonly port: number;
  readonly events: readonly MuxEvent[];
  /** What it wrote to stderr. */
  readonly errors: () => string;
  /** Fulfilled once an event fits, past ones included. */
  event<T extends MuxEvent["type"]>(
    type: T,
    fits?: (event: Extract<MuxEvent, { type: T }>) => boolean,
  ): Promise<Extract<MuxEvent, { type: T }>>;
  /** The memory it has in use, in bytes (Linux). */
  memory(): Promise<number>;
  /** Ends it by a stop; gives its exit status. */
  stop(): Promise<number | null>;
}

/** Starts the worker, settings as the user writes them, with so many files it may open. */
export async function startProcess(settings: object, openFiles: number): Promise<OwnProcess> {
  const directory = await mkdtemp(join(tmpdir(), "oneport-process-"));
  const { NODE_TEST_CONTEXT: _context, ...environment } = process.env;
  const child = spawn(
    "bash",
    [
      "-c",
      `ulimit -n ${openFiles}; exec "$0" "$@"`,
      process.execPath,
      program,
      directory,
      JSON.stringify(settings),
    ],
    { env: environment, stdio: ["pipe", "pipe", "pipe"] },
  );
  const exited = once(child, "exit");
  const events: MuxEvent[] = [];
  const waiting = new Set<() => void>();
  createInterface(child.stdout).on("line", (line) => {
    events.push(parseEvent(JSON.parse(line)));
    for (const look of waiting) look();
  });
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });

  const event: OwnProcess["event"] = (type, fits = () => true) =>
    new Promise((resolve, reject) => {
      const isIt = (candidate: MuxEvent): candidate is Extract<MuxEvent, { type: typeof type }> =>
        candidate.type === type;
      const look = () => {
        const found = events.filter(isIt).find(fits);
        if (!found) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      child.once("exit", () => reject(new Error(`It has ended: ${errors}`)));
      look();
    });

  const { port } = await event("listening");
  return {
    port,
    events,
    errors: () => errors,
    event,
    memory: () => memoryOf(child),
    async stop() {
      child.stdin.end();
      await exited;
      return child.exitCode;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function memoryOf({ pid }: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

if (process.argv[1] === program) {
  const [, , stateDirectory = "", settings = "{}"] = process.argv;
  const entry = new URL("../../src/worker.ts", import.meta.url);
  const worker = new MuxWorker(entry, (event) => console.log(JSON.stringify(event)));
  worker.send({ type: "start", stateDirectory, port: 0, settings: JSON.parse(settings) });
  process.stdin.resume().once("end", () => worker.send({ type: "stop", graceSeconds: 0 }));
}
