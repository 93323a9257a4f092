/** The worker of `oneport start`, from its start to the exit status: signals stop it, a closed pipe as well. */
import { problemOf } from "../core/errors.ts";
import type { MuxEvent } from "../core/events.ts";
import { MuxWorker } from "../session/mux-worker.ts";
import { ownStateDirectory } from "./own-folders.ts";
import type { Terminal } from "./terminal.ts";

const graceSeconds = 5;
/** A stop that takes no longer is not worth a word. */
const quietMilliseconds = 500;
/** Beyond the grace, for the worker to say that it has stopped. */
const spareMilliseconds = 1000;
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

type Values = Readonly<Record<string, unknown>>;

export class ForegroundMux {
  readonly #terminal: Terminal;
  readonly #worker: MuxWorker;
  readonly #show: (event: MuxEvent) => void;
  readonly #status = Promise.withResolvers<number>();
  readonly #timers: NodeJS.Timeout[] = [];
  #isListening = false;
  #isStopping = false;

  /** `show` gets every event but for the problem that a start failed with. */
  constructor(terminal: Terminal, workerEntry: string, show: (event: MuxEvent) => void) {
    this.#terminal = terminal;
    this.#show = show;
    this.#worker = new MuxWorker(workerEntry, (event) => this.#onEvent(event));
    this.#worker.ended.then(
      () => this.#status.resolve(this.#isStopping ? 0 : 1),
      (error: unknown) => this.fail(error),
    );
  }

  /** `name` is what others see. Fulfilled with the exit status when the worker has stopped, or with 1 when it failed. */
  async run(name: string, port: "auto" | number, settings: Values): Promise<number> {
    const onSignal = () => this.#onSignal();
    for (const signal of signals) process.on(signal, onSignal);
    this.#terminal.broken.then(
      () => this.#stop(0),
      // Whoever flushes says why.
      () => this.#status.resolve(1),
    );
    const window = { name, kind: "terminal" } as const;
    this.#worker.send({
      type: "start",
      stateDirectory: ownStateDirectory(),
      port,
      settings: { ...settings },
      window,
    });
    try {
      return await this.#status.promise;
    } finally {
      for (const signal of signals) process.off(signal, onSignal);
      for (const timer of this.#timers) clearTimeout(timer);
    }
  }

  configure(settings: Values): void {
    this.#worker.send({ type: "configure", settings: { ...settings } });
  }

  fail(error: unknown): void {
    this.#terminal.printProblem(problemOf(error));
    this.#status.resolve(1);
  }

  #onEvent(event: MuxEvent): void {
    if (event.type === "problem" && !this.#isListening) {
      this.#terminal.printProblem(event.problem);
      this.#status.resolve(1);
      return;
    }
    if (event.type === "listening") this.#isListening = true;
    this.#show(event);
    if (event.type === "stopped") this.#status.resolve(this.#isStopping || event.forAll ? 0 : 1);
  }

  /** The first signal lets open connections finish; the second does not wait for them. */
  #onSignal(): void {
    if (this.#isStopping) {
      this.#status.resolve(0);
      return;
    }
    const waiting = `Waiting up to ${graceSeconds} seconds for open connections; press Ctrl-C again to end them now.`;
    this.#timers.push(setTimeout(() => this.#terminal.printError(waiting), quietMilliseconds));
    this.#stop(graceSeconds);
  }

  #stop(grace: number): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#worker.send({ type: "stop", graceSeconds: grace });
    this.#timers.push(setTimeout(() => this.#status.resolve(0), grace * 1000 + spareMilliseconds));
  }
}
