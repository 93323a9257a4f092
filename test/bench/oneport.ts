/**
 * Oneport as it ships: the bundled worker in a process that shares it with others, told what a window tells it whose log is at its
 * usual level. Run as a program it is that process.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import * as v from "valibot";
import manifest from "../../package.json" with { type: "json" };
import { MuxWorker } from "../../src/session/mux-worker.ts";
import { names } from "./clients.ts";
import type { Ground, RunningProxy } from "./contender.ts";
import { cores, Pinned } from "./pinned.ts";

const program = fileURLToPath(import.meta.url);

/** In the worker's thread, where nobody else can ask for it. */
const collecting = `
const channel = new BroadcastChannel("bench");
channel.onmessage = ({ data }) => {
  if (data !== "collect") return;
  globalThis.gc();
  channel.postMessage("collected");
};
channel.unref();
require("./worker.cjs");
`;

/** `milliseconds` from the making of the thread to its listening, and `kilobytes` that the process then has more than before. */
const begun = v.object({ port: v.number(), milliseconds: v.number(), kilobytes: v.number() });
const message = v.variant("ask", [
  v.object({ ask: v.literal("begin"), folder: v.string(), settings: v.record(v.string(), v.unknown()) }),
  v.object({ ask: v.literal("collect") }),
  /** Is busy for half of every 100 ms from here on, or no longer. */
  v.object({ ask: v.literal("block"), isBlocked: v.boolean() }),
]);
type Message = v.InferOutput<typeof message>;

export interface OneportProxy extends RunningProxy {
  readonly milliseconds: number;
  readonly kilobytes: number;
  collect(): Promise<void>;
  block(isBlocked: boolean): Promise<void>;
}

/** Bundles the worker for `startOneport`. */
export async function bundle(folder: string): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL("../../src/worker.ts", import.meta.url))],
    outfile: join(folder, "worker.cjs"),
    bundle: true,
    platform: "node",
    mainFields: ["module", "main"],
    format: "cjs",
    target: "node22",
    minify: true,
    logLevel: "warning",
  });
  await writeFile(join(folder, "entry.cjs"), collecting);
}

/** `bundled`: where `bundle` has put it. */
export async function startOneport(
  bundled: string,
  { folder, raw, http, certificates }: Ground,
): Promise<OneportProxy> {
  const command = [process.execPath, "--expose-gc", program, join(bundled, "entry.cjs")] as const;
  const process_ = new Pinned(cores.proxy, [...command], { folder });
  const settings = {
    "oneport.certificateFiles": [certificates],
    "oneport.routes": {
      [names.passthrough]: `tls://127.0.0.1:${raw}`,
      [names.terminated]: `tcp://127.0.0.1:${raw}`,
      [names.http]: `http://127.0.0.1:${http}`,
    },
  };
  const say = (message: Message) => process_.ask(message);
  try {
    const { port, ...first } = v.parse(begun, await say({ ask: "begin", folder, settings }));
    return {
      ...first,
      process: process_,
      version: `${manifest.version}, Node ${process.versions.node}`,
      ports: { passthrough: port, terminated: port, http: port, https: port },
      collect: async () => void (await say({ ask: "collect" })),
      block: async (isBlocked) => void (await say({ ask: "block", isBlocked })),
      [Symbol.asyncDispose]: () => process_[Symbol.asyncDispose](),
    };
  } catch (error) {
    await process_[Symbol.asyncDispose]();
    throw error;
  }
}

let blocking: NodeJS.Timeout | undefined;

async function obey(asked: Message): Promise<object> {
  switch (asked.ask) {
    case "begin":
      return begin(asked.folder, asked.settings);
    case "collect":
      return collect();
    case "block":
      clearInterval(blocking);
      if (asked.isBlocked) blocking = setInterval(() => beBusy(50), 100);
      return {};
  }
}

function begin(stateDirectory: string, settings: Record<string, unknown>): Promise<object> {
  const { promise, resolve } = Promise.withResolvers<object>();
  const before = process.memoryUsage.rss();
  const since = performance.now();
  const worker = new MuxWorker(process.argv[2] ?? "", (event) => {
    if (event.type === "problem") process.stderr.write(`${event.problem.message}\n`);
    if (event.type !== "listening") return;
    const milliseconds = performance.now() - since;
    resolve({ port: event.port, milliseconds, kilobytes: (process.memoryUsage.rss() - before) / 1024 });
  });
  worker.send({ type: "start", stateDirectory, port: 0, settings });
  worker.send({ type: "log", isLogged: false });
  return promise;
}

async function collect(): Promise<object> {
  globalThis.gc?.();
  const { promise, resolve } = Promise.withResolvers<object>();
  const worker = new BroadcastChannel("bench");
  worker.onmessage = () => resolve({});
  worker.postMessage("collect");
  return promise.finally(() => worker.close());
}

function beBusy(milliseconds: number): void {
  for (const until = performance.now() + milliseconds; performance.now() < until; );
}

if (process.argv[1] === program) {
  process.on("disconnect", () => process.exit());
  process.on("message", async (asked) => {
    const answer = await obey(v.parse(message, asked));
    // What the worker has told is heard before.
    await turn();
    process.send?.(answer);
  });
}
