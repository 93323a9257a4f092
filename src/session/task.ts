/** One-off work that needs sockets or heavy libraries: done in a thread of its own, so that the caller's stays free. */
import { Worker } from "node:worker_threads";
import * as v from "valibot";
import { checks, type Finding } from "../core/diagnosis.ts";
import { fail, ok, type Problem, problemOf, type Result } from "../core/errors.ts";
import { problem } from "../core/events.ts";
import { protocols, type Spoken } from "../core/spoken.ts";

const stateDirectory = v.string();
const names = v.array(v.string());

const listening = v.object({
  port: v.number(),
  addresses: v.pipe(names, v.readonly()),
  process: v.exactOptional(
    v.object({ pid: v.number(), name: v.string(), folder: v.exactOptional(v.string()) }),
  ),
});

const task = v.variant("task", [
  v.object({ task: v.literal("askServices"), services: v.pipe(v.array(listening), v.readonly()) }),
  v.object({ task: v.literal("makeAuthority"), stateDirectory }),
  v.object({ task: v.literal("widenAuthority"), stateDirectory, names, isPlan: v.boolean() }),
  /** `settings` as written, by full keys; `port` where the mux runs. */
  v.object({
    task: v.literal("diagnose"),
    stateDirectory,
    settings: v.record(v.string(), v.unknown()),
    port: v.exactOptional(v.number()),
  }),
]);

export type Task = v.InferOutput<typeof task>;
type TaskOf<N extends Task["task"]> = Extract<Task, { task: N }>;
type Input<N extends Task["task"]> = Omit<TaskOf<N>, "task">;

/** The task in a thread's `workerData`; undefined in a thread that is to be the mux. Throws a `ValiError` for anything else. */
export function parseTask(data: unknown): Task | undefined {
  return data === null || data === undefined ? undefined : v.parse(task, data);
}

/** `file` is the root's certificate; `names` and `addresses` are all that the authority is good for. */
const madeAuthority = v.object({ file: v.string(), names, addresses: names });
export type MadeAuthority = v.InferOutput<typeof madeAuthority>;

const widening = v.object({ before: names, after: names, added: names });
export type Widening = v.InferOutput<typeof widening>;

const finding = v.object({
  check: v.picklist(checks),
  subject: v.exactOptional(v.string()),
  state: v.picklist(["ok", "note", "wrong"]),
  message: v.string(),
  remedy: v.exactOptional(v.string()),
});

const spoken = v.object({
  protocol: v.picklist(protocols),
  title: v.exactOptional(v.string()),
  server: v.exactOptional(v.string()),
  devServer: v.exactOptional(v.string()),
});

/** What each of them speaks, in their order. */
export function askServices(
  entry: string | URL,
  input: Input<"askServices">,
): Promise<Result<readonly Spoken[]>> {
  return run(entry, { task: "askServices", ...input }, v.array(spoken));
}

/** The authority, made if there is none. `entry` is the file of the worker. */
export function makeAuthority(
  entry: string | URL,
  input: Input<"makeAuthority">,
): Promise<Result<MadeAuthority>> {
  return run(entry, { task: "makeAuthority", ...input }, madeAuthority);
}

/** The names that the authority is good for, before and after; a plan changes nothing. */
export function widenAuthority(
  entry: string | URL,
  input: Input<"widenAuthority">,
): Promise<Result<Widening>> {
  return run(entry, { task: "widenAuthority", ...input }, widening);
}

export function diagnose(entry: string | URL, input: Input<"diagnose">): Promise<Result<Finding[]>> {
  return run(entry, { task: "diagnose", ...input }, v.array(finding));
}

/** The thread's one message is a Result, whose value must fit `schema`. */
function run<T>(
  entry: string | URL,
  workerData: Task,
  schema: v.GenericSchema<unknown, T>,
): Promise<Result<T>> {
  const answer = v.variant("ok", [
    v.object({ ok: v.literal(true), value: schema }),
    v.object({ ok: v.literal(false), error: problem }),
  ]);
  const worker = new Worker(entry, { workerData, stdin: false });
  return new Promise((resolve) => {
    worker.once("message", (message: unknown) => {
      const parsed = v.parse(answer, message);
      resolve(parsed.ok ? ok(parsed.value) : fail(parsed.error));
    });
    worker.once("error", (error) => resolve(fail(problemOf(error))));
    worker.once("exit", () => resolve(fail(silent)));
  });
}

const silent: Problem = {
  code: "task-silent",
  message: "The work ended without an answer.",
  remedy: "Try again, and look into the log if it happens again.",
};
