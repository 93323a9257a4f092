/** What the load process can be asked to do; every answer is a record of numbers. */
import * as v from "valibot";

const count = v.pipe(v.number(), v.integer(), v.minValue(1));

const job = v.variant("job", [
  /** Answers with the ports of the services: `raw` and `http`. */
  v.object({ job: v.literal("serve") }),
  /** `bytes` in all, over so many streams at once: `seconds`. */
  v.object({
    job: v.literal("bulk"),
    way: v.picklist(["passthrough", "terminated"]),
    port: count,
    direction: v.picklist(["down", "up"]),
    streams: count,
    bytes: count,
  }),
  /** 64 bytes there and back, one after another on one connection: microseconds, `p50` and `p99`. */
  v.object({
    job: v.literal("ping"),
    way: v.picklist(["passthrough", "terminated", "websocket"]),
    port: count,
    count,
  }),
  /** Passthrough connections that are opened, answered with one byte, and closed, so many at once: `seconds`. */
  v.object({ job: v.literal("connect"), port: count, count, atOnce: count }),
  /** TLS 1.3 handshakes, four at once, each on a connection of its own: `seconds`, and how many were `resumed`. */
  v.object({ job: v.literal("handshakes"), port: count, count, isResumed: v.boolean() }),
  /** Passthrough connections that have said one byte, kept until `release`. */
  v.object({ job: v.literal("hold"), port: count, count }),
  v.object({ job: v.literal("release") }),
  /** The route table and the ClientHello parser with so many routes: nanoseconds a `match`, and a `hello`. */
  v.object({ job: v.literal("lookUp"), routes: count }),
]);

export type Job = v.InferOutput<typeof job>;
export type JobOf<K extends Job["job"]> = Extract<Job, { job: K }>;

export function parseJob(message: unknown): Job {
  return v.parse(job, message);
}

/** Throws for the answer of a job that failed, which is a text. */
export function parseAnswer(message: unknown): Readonly<Record<string, number>> {
  if (typeof message === "string") throw new Error(message);
  return v.parse(v.record(v.string(), v.number()), message);
}
