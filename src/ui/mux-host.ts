/** The mux as the extension sees it: the worker thread, what is known of it, and how to start and stop it. */
import { type Disposable, EventEmitter, l10n, workspace } from "vscode";
import { type Problem, problemOf } from "../core/errors.ts";
import type { MuxEvent } from "../core/events.ts";
import { type MuxState, nextState, stopped, stoppedFor } from "../core/mux-state.ts";
import { parseSettings, type Settings } from "../core/settings.ts";
import { MuxWorker } from "../session/mux-worker.ts";

/** In seconds, for connections that are open when the mux is stopped or the window closes. */
const graceSeconds = 2;

export interface MuxHostOptions {
  /** The file of the bundled worker. */
  readonly workerEntry: string;
  readonly stateDirectory: string;
  /** What the user set, by full keys. */
  readonly readSettings: () => Record<string, unknown>;
  readonly onEvent: (event: MuxEvent) => void;
}

export class MuxHost implements Disposable {
  readonly #options: MuxHostOptions;
  readonly #changed = new EventEmitter<MuxState>();
  /** After every change of `state`. */
  readonly onDidChange = this.#changed.event;
  #state: MuxState = stopped;
  #worker: MuxWorker | undefined;
  #isWatching = false;
  #isLogged = true;

  constructor(options: MuxHostOptions) {
    this.#options = options;
  }

  get state(): MuxState {
    return this.#state;
  }

  /**
   * Fulfilled when it listens on the port that the settings say by then; with the problem when it cannot. Does nothing when
   * it runs already.
   */
  async start(): Promise<Problem | undefined> {
    if (this.#state.phase !== "stopped") return undefined;
    const port = this.#wantedPort;
    const problem = await this.#startOn(port);
    const wasStopped = !problem && !this.#isRunning;
    if (wasStopped || port === this.#wantedPort) return problem;
    await this.stop();
    return this.start();
  }

  get #isRunning(): boolean {
    return this.#state.phase === "running";
  }

  get #wantedPort(): Settings["port"] {
    return parseSettings(this.#options.readSettings()).settings.port;
  }

  async #startOn(port: Settings["port"]): Promise<Problem | undefined> {
    const { workerEntry, stateDirectory, readSettings } = this.#options;
    const settings = readSettings();
    this.#change({ ...stopped, phase: "starting" });
    const { promise, resolve } = Promise.withResolvers<Problem | undefined>();
    const worker = new MuxWorker(workerEntry, (event) => {
      this.#options.onEvent(event);
      const isFailedStart = event.type === "problem" && this.#state.phase === "starting";
      this.#change(nextState(this.#state, event));
      if (event.type === "listening") resolve(undefined);
      if (isFailedStart) {
        resolve(event.problem);
        void this.stop();
      }
    });
    this.#worker = worker;
    worker.ended.then(
      () => this.#ended(worker),
      (error: unknown) => {
        const problem = problemOf(error);
        // It could not tell of its own death.
        this.#options.onEvent({ type: "problem", problem });
        this.#ended(worker, problem);
        resolve(problem);
      },
    );
    const name = workspace.name ?? l10n.t("a window without a folder");
    worker.send({ type: "start", stateDirectory, port, settings, window: { name, kind: "window" } });
    if (!this.#isLogged) worker.send({ type: "log", isLogged: false });
    if (this.#isWatching) worker.send({ type: "watch", isWatching: true });
    return promise;
  }

  /** Fulfilled when this window has left the mux; other windows go on with it, unless it is to end `forAll`. */
  async stop({ forAll = false } = {}): Promise<void> {
    const worker = this.#worker;
    if (!worker) return;
    if (this.#state.phase !== "stopping") {
      this.#change({ ...this.#state, phase: "stopping" });
      worker.send({ type: "stop", graceSeconds, ...(forAll && { forAll }) });
    }
    await worker.ended.catch(() => {
      // Whoever started it is told.
    });
  }

  /** The settings have changed. */
  configure(): void {
    this.#worker?.send({ type: "configure", settings: this.#options.readSettings() });
  }

  /** Somebody looks at health and connections, or nobody does any more. */
  watch(isWatching: boolean): void {
    this.#isWatching = isWatching;
    this.#worker?.send({ type: "watch", isWatching });
  }

  /** Somebody reads of every connection in the log, or nobody does any more. */
  setLogged(isLogged: boolean): void {
    this.#isLogged = isLogged;
    this.#worker?.send({ type: "log", isLogged });
  }

  refresh(): void {
    this.#worker?.send({ type: "refresh" });
  }

  dispose(): void {
    this.#changed.dispose();
  }

  #change(state: MuxState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#changed.fire(state);
  }

  #ended(worker: MuxWorker, problem?: Problem): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#change(stoppedFor(problem ?? this.#state.failure));
  }
}
