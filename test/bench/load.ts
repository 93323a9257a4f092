/** The load: a program that does one job after another, and holds the services behind the proxies as well. */
import { once } from "node:events";
import type net from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { portOf } from "../../src/mux/listen.ts";
import { beginTls, names, openStream, shakeHands } from "./clients.ts";
import { startHttpService } from "./http-service.ts";
import { type Job, type JobOf, parseJob } from "./jobs.ts";
import { lookUp } from "./look-up.ts";
import { orderOf, pour, startRawService } from "./raw-service.ts";

type Answer = Record<string, number>;

const jobs: { readonly [K in Job["job"]]: (job: JobOf<K>) => Promise<Answer> | Answer } = {
  serve,
  bulk,
  ping,
  connect,
  handshakes,
  hold,
  release,
  lookUp: ({ routes }) => lookUp(routes),
};

const pingBytes = Buffer.alloc(64, "ping");
const handshakesAtOnce = 4;
const holdAtOnce = 100;
/** What a connection still has to do after its first byte is over by then. */
const settleMilliseconds = 1000;

const mostMilliseconds = 120_000;

let held: net.Socket[] = [];

async function serve(): Promise<Answer> {
  const services = [startRawService(), startHttpService()] as const;
  await Promise.all(services.map((service) => once(service, "listening")));
  return { raw: portOf(services[0]), http: portOf(services[1]) };
}

async function bulk({ way, port, direction, streams, bytes }: JobOf<"bulk">): Promise<Answer> {
  const share = Math.ceil(bytes / streams);
  const stream = async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let left = direction === "down" ? share : 1;
    const socket = await openStream(way, port, (length) => {
      left -= length;
      if (left <= 0) resolve();
    });
    socket.write(orderOf(direction, share));
    if (direction === "up") pour(socket, share);
    await whole(socket, promise);
  };
  return timed(() => Promise.all(Array.from({ length: streams }, stream)));
}

async function ping({ way, port, count }: JobOf<"ping">): Promise<Answer> {
  const times = new Float64Array(count);
  const { promise, resolve } = Promise.withResolvers<void>();
  let done = 0;
  let since = 0;
  let left = pingBytes.length;
  const send = () => {
    since = performance.now();
    socket.write(pingBytes);
  };
  const socket = await openStream(way, port, (length) => {
    left -= length;
    if (left > 0) return;
    left = pingBytes.length;
    times[done++] = performance.now() - since;
    if (done < count) send();
    else resolve();
  });
  if (way !== "websocket") socket.write(orderOf("echo", 0));
  send();
  await whole(socket, promise);
  times.sort();
  const microseconds = (share: number) => 1000 * (times[Math.floor(share * count)] ?? 0);
  return { p50: microseconds(0.5), p99: microseconds(0.99) };
}

async function connect({ port, count, atOnce }: JobOf<"connect">): Promise<Answer> {
  return timed(() => repeat(count, atOnce, async () => hangUp(await answered(port))));
}

async function handshakes({ port, count, isResumed }: JobOf<"handshakes">): Promise<Answer> {
  const session = isResumed ? await ticket(port) : undefined;
  let resumed = 0;
  const took = await timed(() =>
    repeat(count, handshakesAtOnce, async () => {
      const socket = await shakeHands(names.http, port, session);
      if (socket.isSessionReused()) resumed++;
      await hangUp(socket);
    }),
  );
  return { ...took, resumed };
}

/** RFC 8446 §4.6.1: it comes after the handshake; with some servers in the same packet. */
async function ticket(port: number): Promise<Buffer> {
  const socket = beginTls(names.http, port);
  const [session]: unknown[] = await once(socket, "session");
  await hangUp(socket);
  if (Buffer.isBuffer(session)) return session;
  throw new TypeError("A session is a Buffer.");
}

async function hold({ port, count }: JobOf<"hold">): Promise<Answer> {
  await repeat(count, holdAtOnce, async () => held.push(await answered(port)));
  await wait(settleMilliseconds);
  return {};
}

async function release(): Promise<Answer> {
  await Promise.all(held.map(hangUp));
  held = [];
  await wait(settleMilliseconds);
  return {};
}

/** A passthrough connection over which one byte has come back. */
async function answered(port: number): Promise<net.Socket> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = await openStream("passthrough", port, () => resolve());
  socket.write(Buffer.concat([orderOf("echo", 0), Buffer.of(1)]));
  await broken(socket, promise);
  return socket;
}

async function hangUp(socket: net.Socket): Promise<void> {
  if (socket.closed) return;
  const closed = once(socket, "close");
  socket.resume();
  socket.end();
  await closed;
}

/** Waits for the end of what a socket is there for, and hangs up. */
async function whole(socket: net.Socket, done: Promise<void>): Promise<void> {
  await broken(socket, done);
  await hangUp(socket);
}

async function broken(socket: net.Socket, done: Promise<void>): Promise<void> {
  const closed = once(socket, "close").then(() => Promise.reject(new Error("The connection broke off.")));
  await Promise.race([done, closed]);
}

async function repeat(count: number, atOnce: number, step: () => Promise<unknown>): Promise<void> {
  let left = count;
  const worker = async () => {
    while (left-- > 0) await step();
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

async function timed(work: () => Promise<unknown>): Promise<{ readonly seconds: number }> {
  const since = performance.now();
  await work();
  return { seconds: (performance.now() - since) / 1000 };
}

/** A proxy that never answers is not to hold up the others. */
async function tooLong(): Promise<never> {
  await wait(mostMilliseconds, undefined, { ref: false });
  throw new Error(`It took longer than ${mostMilliseconds / 1000} s.`);
}

// Nobody is left to ask for anything.
process.on("disconnect", () => process.exit());
process.on("message", async (message) => {
  try {
    process.send?.(await Promise.race([run(parseJob(message)), tooLong()]));
  } catch (error) {
    process.send?.(String(error));
  }
});

function run<K extends Job["job"]>(job: JobOf<K> & { readonly job: K }): Promise<Answer> | Answer {
  return jobs[job.job](job);
}
