/** What the tests of several windows share: a state directory, a port, one service behind, and windows that end with them. */
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, type Service, startHttp } from "../mux/support.ts";
import { TestWindow, type WindowOptions } from "./window.ts";

export class Place implements AsyncDisposable {
  readonly stateDirectory: string;
  readonly port: number;
  readonly windows: TestWindow[] = [];
  readonly #service: Service;

  readonly #folder: string;

  private constructor(folder: string, port: number, service: Service) {
    this.#folder = folder;
    this.stateDirectory = join(folder, "state");
    this.port = port;
    this.#service = service;
  }

  static async create(): Promise<Place> {
    const service = await startHttp((request, response) => response.end(request.headers.host));
    return new Place(await mkdtemp(join(tmpdir(), "oneport-session-")), await freePort(), service);
  }

  /** The port of a service that answers with the name it was asked for. */
  get servicePort(): number {
    return this.#service.port;
  }

  /** A window that lends NAME.localhost, unless it is given other routes. */
  open(name: string, options: Partial<WindowOptions> = {}): TestWindow {
    const { stateDirectory, port } = this;
    const routes = { [`${name}.localhost`]: this.servicePort };
    // Compiling is most of what a start costs.
    const environment = { NODE_COMPILE_CACHE: join(this.#folder, "compiled"), ...options.environment };
    const window = new TestWindow({ stateDirectory, port, name, routes, ...options, environment });
    this.windows.push(window);
    return window;
  }

  get alive(): TestWindow[] {
    return this.windows.filter((window) => window.isAlive);
  }

  /** The windows that say they own the mux. */
  get owners(): TestWindow[] {
    return this.alive.filter((window) => window.role === "owner");
  }

  /** Fulfilled once one of the windows that are alive owns the mux, and every other one takes part in it. */
  async settled(): Promise<TestWindow> {
    for (;;) {
      const [owner, ...others] = this.owners;
      if (owner && others.length === 0 && this.alive.every((window) => this.#seesAll(window))) return owner;
      await Promise.race(this.alive.map((window) => window.news()));
    }
  }

  #seesAll(window: TestWindow): boolean {
    const told = window.latest("session")?.windows.map(({ pid }) => pid) ?? [];
    return told.length === this.alive.length && this.alive.every(({ pid }) => told.includes(pid));
  }

  /** The control sockets that lie about. */
  async sockets(): Promise<string[]> {
    return await readdir(join(this.stateDirectory, "run"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.windows.map((window) => window[Symbol.asyncDispose]()));
    await this.#service[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true });
  }
}

/** The answer to `GET /` for a name, on a connection of its own; rejects with the socket's error. */
export async function ask(port: number, name: string): Promise<{ status: number | undefined; body: string }> {
  const request = http.get({ port, host: "127.0.0.1", agent: false, headers: { Host: name } });
  const [response] = await once(request, "response");
  let body = "";
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, body };
}

/** The value that so many of the sorted values do not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
