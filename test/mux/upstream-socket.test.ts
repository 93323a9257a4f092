import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import net from "node:net";
import { Writable } from "node:stream";
import { describe, it } from "node:test";
import tls from "node:tls";
import { UpstreamSocket } from "../../src/mux/upstream-socket.ts";
import { connect, outcome, ownCertificate, payload, stutter, turn } from "./streams.ts";
import { listen, startTcp } from "./support.ts";

const megabyte = 1024 * 1024;

async function dial(port: number): Promise<UpstreamSocket> {
  const socket = new UpstreamSocket();
  socket.connect({ port, host: "127.0.0.1" });
  await once(socket, "connect");
  return socket;
}

/** The accepted side of a connection, and a reader on the other one. */
async function startPair(own?: { readonly cert: string; readonly key: string }) {
  const server = own ? tls.createServer(own) : net.createServer();
  const accepted = once(server, own ? "secureConnection" : "connection");
  const service = await listen(server, "127.0.0.1", 0);
  const raw = await connect(service.port);
  const reader = own ? tls.connect({ socket: raw, ca: own.cert, servername: "peer.test" }) : raw;
  const [peer] = await accepted;
  assert.ok(peer instanceof net.Socket);
  return { peer, reader, [Symbol.asyncDispose]: () => service[Symbol.asyncDispose]() };
}

const own = await ownCertificate("peer.test");

describe("What an upstream socket reads", () => {
  for (const [kind, certificate] of [
    ["plain", undefined],
    ["TLS", own],
  ] as const) {
    it(`reaches a slow ${kind} peer unchanged`, async () => {
      const { stream, hash } = payload(32 * megabyte);
      await using service = await startTcp((socket) => stream.pipe(socket));
      await using pair = await startPair(certificate);
      const upstream = await dial(service.port);
      upstream.on("end", () => pair.peer.end());
      upstream.deliverTo(pair.peer);
      const { length, digest } = await stutter(pair.reader, 300_007);
      assert.equal(length, 32 * megabyte);
      assert.equal(digest, hash.digest("hex"));
      upstream.destroy();
    });

    it(`reaches a ${kind} peer that is blocked for a while unchanged, in pieces of any size`, async () => {
      const opened = Promise.withResolvers<net.Socket>();
      await using service = await startTcp((socket) => opened.resolve(socket.setNoDelay()));
      await using pair = await startPair(certificate);
      const upstream = await dial(service.port);
      upstream.on("end", () => pair.peer.end());
      upstream.deliverTo(pair.peer);
      const socket = await opened.promise;
      const block = randomBytes(60_000);
      const sent = createHash("sha256");
      // A turn for each: the upstream socket reads them one by one, until the peer is full, and is then stopped.
      for (let count = 0; count < 400; count++) {
        const piece = block.subarray((count * 7919) % (count % 2 === 0 ? 60_000 : 200));
        sent.update(piece);
        socket.write(piece);
        await turn();
      }
      socket.end();
      assert.ok(pair.peer.writableNeedDrain, "it was blocked");
      const { digest } = await stutter(pair.reader, 100_003);
      assert.equal(digest, sent.digest("hex"));
      upstream.destroy();
    });
  }

  for (const highWaterMark of [1, 16 * 1024, 200 * 1024, megabyte]) {
    it(`is left alone until a stream that keeps it is done with it (highWaterMark ${highWaterMark})`, async () => {
      const { stream, hash } = payload(8 * megabyte);
      await using service = await startTcp((socket) => stream.pipe(socket));
      const upstream = await dial(service.port);
      const heard = createHash("sha256");
      let writes = 0;
      const peer = new Writable({
        highWaterMark,
        write: (chunk: Buffer, _encoding, done) => {
          const late = () => {
            heard.update(chunk);
            done();
          };
          writes++;
          if (writes % 5 === 0) late();
          else if (writes % 7 === 0) setTimeout(late, 1);
          else setImmediate(late);
        },
      });
      upstream.on("end", () => peer.end());
      upstream.deliverTo(peer);
      await once(peer, "finish");
      assert.equal(heard.digest("hex"), hash.digest("hex"));
      upstream.destroy();
    });
  }

  it("is not overwritten in a peer that keeps it by what another one reads", async () => {
    const saying = (words: string) => startTcp((socket) => void socket.write(words));
    await using one = await saying("what the first one says");
    await using two = await saying("WHAT ANOTHER SAYS SOON AFTER");
    const kept: Buffer[] = [];
    const keeping = () => new Writable({ highWaterMark: 1, write: (chunk: Buffer) => void kept.push(chunk) });
    for (const { port } of [one, two]) {
      const upstream = await dial(port);
      const before = kept.length;
      upstream.deliverTo(keeping());
      while (kept.length === before) await turn();
      upstream.pause();
    }
    assert.deepEqual(kept.map(String), ["what the first one says", "WHAT ANOTHER SAYS SOON AFTER"]);
  });

  it("waits in a corked peer as it was, though more has been read since", async () => {
    const opened = Promise.withResolvers<net.Socket>();
    await using service = await startTcp((socket) => opened.resolve(socket.setNoDelay()));
    await using pair = await startPair();
    const upstream = await dial(service.port);
    pair.peer.cork();
    upstream.deliverTo(pair.peer);
    const socket = await opened.promise;
    for (const word of ["one ", "two ", "three"]) {
      const length = pair.peer.writableLength;
      socket.write(word);
      while (pair.peer.writableLength === length) await turn();
    }
    pair.peer.uncork();
    pair.peer.end();
    assert.equal(String((await outcome(pair.reader)).bytes), "one two three");
    upstream.destroy();
  });

  it("is not read before it has somewhere to go, and its end comes after it", async () => {
    await using service = await startTcp((socket) => {
      socket.resume();
      socket.end("said before anybody listened");
    });
    await using pair = await startPair();
    const upstream = await dial(service.port);
    let ended = false;
    upstream.on("end", () => {
      ended = true;
      pair.peer.end();
    });
    for (let turns = 0; turns < 50; turns++) await turn();
    assert.equal(upstream.bytesRead, 0);
    assert.equal(ended, false);
    upstream.deliverTo(pair.peer);
    assert.equal(String((await outcome(pair.reader)).bytes), "said before anybody listened");
    assert.equal(ended, true);
    upstream.destroy();
  });

  it("is left in the kernel once its peer is gone", async () => {
    await using service = await startTcp((socket) => {
      const fill = () => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65_536)));
      };
      socket.on("drain", fill);
      fill();
    });
    await using pair = await startPair();
    const upstream = await dial(service.port);
    upstream.deliverTo(pair.peer);
    await once(pair.reader, "readable");
    pair.peer.destroy();
    await once(pair.peer, "close");
    await turn();
    const read = upstream.bytesRead;
    for (let turns = 0; turns < 100; turns++) await turn();
    assert.equal(upstream.bytesRead, read);
    upstream.destroy();
  });
});
