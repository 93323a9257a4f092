/** Oneport as a person runs it: the bundled command line on a folder with routes, and what it tells as JSON. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { type ConnectionReport, type MuxEvent, parseEvent } from "../../src/core/events.ts";
import { type Lines, Running, Workplace } from "../cli/oneport.ts";
import { authorityFile, cli, environment } from "../sample/oneport.ts";
import { longestMilliseconds } from "./program.ts";

export class Oneport implements AsyncDisposable {
  readonly port: number;
  /** The authority's root certificate, as `oneport ca path` names it. */
  readonly rootFile: string;
  /** A temporary folder with room for a test's own files; removed at the end. */
  readonly folder: string;
  /** What clients are run with: nothing of this machine tells them whom to trust. */
  readonly environment: NodeJS.ProcessEnv;
  /** What it says to people. */
  readonly errors: Lines;
  readonly #place: Workplace;
  readonly #running: Running;
  /** Both of them, in the order to end them. */
  readonly #owned: AsyncDisposableStack;
  readonly #reports: ConnectionReport[] = [];
  readonly #news = new EventEmitter();
  readonly #ended = new AbortController();

  private constructor(
    owned: AsyncDisposableStack,
    place: Workplace,
    running: Running,
    rootFile: string,
    port: number,
  ) {
    this.port = port;
    this.rootFile = rootFile;
    this.folder = place.folder;
    this.environment = environment(place.state);
    this.errors = running.errors;
    this.#place = place;
    this.#running = running;
    this.#owned = owned;
    void this.#follow();
  }

  static async start(routes: Record<string, unknown>): Promise<Oneport> {
    await using owned = new AsyncDisposableStack();
    const place = owned.use(await Workplace.with({ "oneport.routes": routes }));
    const rootFile = authorityFile(place.state);
    const child = spawn(process.execPath, [cli, "start", place.folder, "--port", "0", "--json"], {
      stdio: ["ignore", "pipe", "pipe"],
      env: environment(place.state),
    });
    const running = owned.use(new Running(child));
    const listening = parseEvent(JSON.parse(await running.output.next()));
    assert.ok(listening.type === "listening");
    await running.output.until(/^\{"type":"routes"/);
    return new Oneport(owned.move(), place, running, rootFile, listening.port);
  }

  /** Saves other routes, and settings beside them, and waits until Oneport says that it goes by them. */
  async edit(routes: Record<string, unknown>, settings: Record<string, unknown> = {}): Promise<void> {
    const taken = this.#told("routes");
    await this.save(JSON.stringify({ ...settings, "oneport.routes": routes }));
    await taken;
  }

  /** Saves whatever text as the settings. */
  async save(text: string): Promise<void> {
    await this.#place.write(text);
  }

  /** The first report of a connection that fits, past ones included. */
  async report(fits: (report: ConnectionReport) => boolean): Promise<ConnectionReport> {
    for (;;) {
      const report = this.#reports.find(fits);
      if (report) return report;
      await this.#told("connection");
    }
  }

  /** Rejects when nothing is told any more, or not for a long time. */
  async #told(type: MuxEvent["type"]): Promise<void> {
    const signal = AbortSignal.any([this.#ended.signal, AbortSignal.timeout(longestMilliseconds)]);
    await once(this.#news, type, { signal });
  }

  /** Reads what it tells, to the end. */
  async #follow(): Promise<void> {
    try {
      for (;;) {
        const event = parseEvent(JSON.parse(await this.#running.output.next()));
        if (event.type === "connection") this.#reports.push(event.connection);
        this.#news.emit(event.type);
      }
    } catch (error) {
      this.#ended.abort(error);
    }
  }

  /** Ends it as a person does, and holds it to a good end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await using _rest = this.#owned;
    this.#running.signal("SIGTERM");
    assert.equal(await this.#running.ended(), 0);
  }
}
