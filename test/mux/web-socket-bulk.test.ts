import assert from "node:assert/strict";
import https from "node:https";
import type { Duplex } from "node:stream";
import { describe, it } from "node:test";
import { createWebSocketStream } from "ws";
import { connectOwn, secure } from "./pieces.ts";
import { connect, ownCertificate, payload, stutter } from "./streams.ts";
import { type Service, startMux, startTcp, type TestMux } from "./support.ts";
import { openWebSocket, settled, startWebSocket } from "./web-sockets.ts";

const megabyte = 1024 * 1024;

interface Way {
  readonly title: string;
  readonly start: (onStream: (stream: Duplex) => void) => Promise<Service>;
  readonly route: (port: number) => unknown;
  readonly open: (mux: TestMux) => Promise<Duplex>;
}

const own = await ownCertificate("service.test");

const ways: readonly Way[] = [
  {
    title: "of a WebSocket to a TCP service",
    start: startTcp,
    route: (port) => ({ to: `tcp://127.0.0.1:${port}`, webSocketBridge: true }),
    open: async (mux) => createWebSocketStream(await openWebSocket(mux, "wss", "bulk.test")),
  },
  {
    title: "of a plain client to a WebSocket service",
    start: (onStream) => startWebSocket((webSocket) => onStream(createWebSocketStream(webSocket))),
    route: (port) => `tcp+ws://127.0.0.1:${port}`,
    open: (mux) => connectOwn(mux, "bulk.test"),
  },
  {
    title: "of a client with TLS to a WebSocket service with TLS",
    start: (onStream) =>
      startWebSocket((webSocket) => onStream(createWebSocketStream(webSocket)), {
        server: https.createServer(own),
      }),
    route: (port) => ({ to: `tcp+wss://127.0.0.1:${port}`, insecureUpstream: true }),
    open: async (mux) => secure(await connect(mux.port), mux, "bulk.test"),
  },
];

/** Gives back what comes, and ends when it has given back so much: a WebSocket has no half-close to tell it. */
function echoUntil(length: number): (stream: Duplex) => void {
  return (stream) => {
    let left = length;
    stream.on("error", () => undefined);
    stream.on("drain", () => stream.resume());
    stream.on("data", (chunk: Buffer) => {
      if (!stream.write(chunk)) stream.pause();
      left -= chunk.length;
      if (left === 0) stream.end();
    });
  };
}

/** Writes so much as fast as it is taken, and counts what has been taken. */
function pour(stream: Duplex, length: number): { readonly poured: number } {
  const chunk = Buffer.alloc(64 * 1024, "x");
  const count = { poured: 0 };
  const go = () => {
    while (count.poured < length) {
      count.poured += chunk.length;
      if (!stream.write(chunk)) return;
    }
  };
  stream.on("error", () => undefined);
  stream.on("drain", go);
  go();
  return count;
}

/** Reads so much and no more. */
function drink(stream: Duplex, length: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let drunk = 0;
    stream.on("data", (chunk: Buffer) => {
      drunk += chunk.length;
      if (drunk >= length) resolve(drunk);
    });
    stream.once("close", () => reject(new Error(`It broke off after ${drunk} bytes.`)));
  });
}

async function checkStall(writer: Duplex, reader: Duplex): Promise<void> {
  const all = 64 * megabyte;
  const count = pour(writer, all);
  const stalledAt = await settled(() => count.poured);
  assert.ok(stalledAt < 40 * megabyte, `${stalledAt} bytes were taken that nobody read`);
  assert.equal(await drink(reader, all), all);
}

for (const { title, start, route, open } of ways) {
  describe(`The bytes ${title}`, () => {
    it("come there and back unchanged, 48 MB of them, to readers that stutter", async () => {
      const length = 48 * megabyte;
      await using service = await start(echoUntil(length));
      await using mux = await startMux({ "bulk.test": route(service.port) });
      const client = await open(mux);
      const { stream, hash } = payload(length);
      stream.pipe(client, { end: false });
      const read = await stutter(client, 1_000_003);
      assert.equal(read.length, length);
      assert.equal(read.digest, hash.digest("hex"));
      client.destroy();
    });

    it("stall while their reader does not read, in both directions, and then go on", async () => {
      const arrived = Promise.withResolvers<Duplex>();
      await using service = await start(arrived.resolve);
      await using mux = await startMux({ "bulk.test": route(service.port) });
      const client = await open(mux);
      const behind = await arrived.promise;
      await checkStall(client, behind);
      await checkStall(behind, client);
      client.destroy();
      behind.destroy();
    });
  });
}
