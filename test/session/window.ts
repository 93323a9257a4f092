/** A window in a process of its own, and what it is told: run as a program it is that process. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type MuxEvent, parseEvent } from "../../src/core/events.ts";
import { MuxWorker } from "../../src/session/mux-worker.ts";
import { type Command, parseCommand } from "../../src/session/protocol.ts";

type EventOf<T extends MuxEvent["type"]> = Extract<MuxEvent, { type: T }>;

const program = fileURLToPath(import.meta.url);

export interface WindowOptions {
  readonly stateDirectory: string;
  readonly port: number | "auto";
  readonly name: string;
  /** The name unless said. */
  readonly id?: string;
  readonly routes?: Record<string, unknown>;
  readonly environment?: NodeJS.ProcessEnv;
}

export class TestWindow implements AsyncDisposable {
  readonly name: string;
  readonly events: MuxEvent[] = [];
  /** Fulfilled when the process is gone, and everything it said has been read. */
  readonly exited: Promise<unknown>;
  readonly #child: ChildProcess;
  readonly #input: Writable;
  readonly #waiting = new Set<() => void>();
  #errors = "";

  /** Begins to start; see `listening`. */
  constructor({ stateDirectory, port, name, id = name, routes = {}, environment = {} }: WindowOptions) {
    this.name = name;
    const { NODE_TEST_CONTEXT: _context, ...inherited } = process.env;
    const child = spawn(process.execPath, [program], {
      env: { ...inherited, ...environment },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#child = child;
    this.#input = child.stdin;
    child.stdin.on("error", () => {
      // It has ended, which `exited` tells.
    });
    this.exited = once(child, "close");
    this.#read(child.stdout, child.stderr);
    const window = { id, name, kind: "window" } as const;
    const settings = { "oneport.routes": routes };
    this.send({ type: "start", stateDirectory, port, settings, window });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error("It did not start.");
    return this.#child.pid;
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  send(command: Command): void {
    this.#input.write(`${JSON.stringify(command)}\n`);
  }

  setRoutes(routes: Record<string, unknown>): void {
    this.send({ type: "configure", settings: { "oneport.routes": routes } });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The latest event of a type, if there was one. */
  latest<T extends MuxEvent["type"]>(type: T): EventOf<T> | undefined {
    return this.events.findLast((event): event is EventOf<T> => event.type === type);
  }

  get role(): "owner" | "member" | undefined {
    return this.latest("session")?.role;
  }

  /** Fulfilled once the latest event of a type fits; rejected when the process ends before. */
  until<T extends MuxEvent["type"]>(
    type: T,
    fits: (event: EventOf<T>) => boolean = () => true,
  ): Promise<EventOf<T>> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const event = this.latest(type);
        if (!event || !fits(event)) return;
        this.#waiting.delete(look);
        resolve(event);
      };
      this.#waiting.add(look);
      const told = () => this.events.map((event) => JSON.stringify(event)).join("\n");
      void this.exited.then(() => reject(new Error(`${this.name} has ended: ${this.#errors}${told()}`)));
      look();
    });
  }

  /** Fulfilled when it is told something more, or ends. */
  async news(): Promise<void> {
    const told = Promise.withResolvers<void>();
    this.#waiting.add(told.resolve);
    await Promise.race([told.promise, this.exited]);
    this.#waiting.delete(told.resolve);
  }

  /** The port, once it takes part. */
  async listening(): Promise<number> {
    await this.until("session");
    return (await this.until("listening")).port;
  }

  /** Fulfilled when the process has ended of itself, as it does after a stop. */
  async stop(command: { readonly graceSeconds?: number; readonly forAll?: true } = {}): Promise<void> {
    this.send({ type: "stop", graceSeconds: 0, ...command });
    await this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isAlive) this.#child.kill("SIGKILL");
    await this.exited;
  }

  #read(output: Readable, errors: Readable): void {
    createInterface(output).on("line", (line) => {
      this.events.push(parseEvent(JSON.parse(line)));
      for (const look of this.#waiting) look();
    });
    errors.on("data", (chunk) => {
      this.#errors += chunk;
    });
  }
}

if (process.argv[1] === program) {
  const entry = new URL("../../src/worker.ts", import.meta.url);
  const worker = new MuxWorker(entry, (event) => console.log(JSON.stringify(event)));
  const input = createInterface(process.stdin);
  input.on("line", (line) => worker.send(parseCommand(JSON.parse(line))));
  // The process ends when the worker has, whatever is still to be read.
  void worker.ended.then(() => process.stdin.destroy());
}
