import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { describe, it } from "node:test";
import { type Sniff, sniff } from "../../src/core/sniff.ts";
import { type Peeked, peek } from "../../src/mux/peek.ts";
import { captured, records } from "../core/hex-fixtures.ts";
import { connect, outcome, turn } from "./streams.ts";
import { listen } from "./support.ts";

const hello = captured("chromium156_app.test");

/** What is seen of a client that sends `pieces`, and then everything that can still be read from its socket. */
async function look(
  pieces: readonly Uint8Array[],
  { end = false, milliseconds = 5000 } = {},
): Promise<{ seen: Peeked<Sniff>; left: Buffer; paused: boolean }> {
  const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true });
  const accepted = once(server, "connection");
  await using service = await listen(server, "127.0.0.1", 0);
  const client = await connect(service.port);
  client.on("error", () => undefined);
  const [socket] = await accepted;
  assert.ok(socket instanceof net.Socket);
  const looking = peek(socket, sniff, milliseconds);
  for (const piece of pieces) {
    await new Promise((resolve) => client.write(piece, resolve));
    await turn();
  }
  if (end) client.end();
  const seen = await looking;
  const paused = socket.isPaused();
  const all = outcome(socket);
  client.end();
  socket.resume();
  return { seen, left: (await all).bytes, paused };
}

function oneByOne(bytes: Buffer): Buffer[] {
  return Array.from(bytes, (byte) => Buffer.of(byte));
}

describe("A first look at a connection", () => {
  it("sees a ClientHello and leaves every byte where it was, with the socket paused", async () => {
    const { seen, left, paused } = await look([hello]);
    assert.ok(seen.kind === "tls");
    assert.equal(seen.hello.serverName, "app.test");
    assert.equal(paused, true);
    assert.deepEqual(left, hello);
  });

  it("waits for the whole of it, byte by byte, over TLS records and with more behind it", async () => {
    const cut = records(hello.subarray(5), 50);
    const more = Buffer.from("more of the same segment");
    for (const pieces of [
      oneByOne(hello),
      [cut.subarray(0, 1000), Buffer.concat([cut.subarray(1000), more])],
    ]) {
      const { seen, left } = await look(pieces);
      assert.equal(seen.kind === "tls" && seen.hello.serverName, "app.test");
      assert.deepEqual(left, Buffer.concat(pieces));
    }
  });

  it("takes a ClientHello of 64 KiB, and refuses a longer one", async () => {
    const large = (length: number) => {
      const message = Buffer.alloc(4 + length);
      message.writeUInt32BE(0x01_00_00_00 + length);
      return records(message, 16_384);
    };
    const { seen: whole } = await look([large(65_536)]);
    // Nothing but zeros in it, but it was waited for and read.
    assert.equal(whole.kind === "malformedTls" && whole.alert, 50);
    const { seen: longer } = await look([large(65_537)]);
    assert.equal(longer.kind === "malformedTls" && longer.alert, 47);
  });

  it("sees HTTP, PostgreSQL and what it does not know, however it comes", async () => {
    const request = Buffer.from("GET /a HTTP/1.1\r\nAccept: */*\r\nHost: app.test\r\n\r\n");
    for (const pieces of [[request], oneByOne(request)]) {
      const { seen, left } = await look(pieces);
      assert.equal(seen.kind === "http1" && seen.host, "app.test");
      assert.deepEqual(left, request);
    }
    const postgres = Buffer.of(0, 0, 0, 8, 4, 210, 22, 47);
    assert.equal((await look(oneByOne(postgres))).seen.kind, "postgresTls");
    const other = await look([Buffer.from("SSH-2.0-x\r\n")]);
    assert.equal(other.seen.kind, "other");
    assert.equal(String(other.left), "SSH-2.0-x\r\n");
  });

  it("gives up on a client that says too little, and leaves what that was", async () => {
    assert.deepEqual((await look([], { milliseconds: 30 })).seen, { kind: "silent" });
    const { seen, left } = await look([hello.subarray(0, 700)], { milliseconds: 30 });
    assert.deepEqual(seen, { kind: "silent" });
    assert.deepEqual(left, hello.subarray(0, 700));
  });

  it("is over when the client ends before it has said enough", async () => {
    for (const bytes of [Buffer.alloc(0), hello.subarray(0, 700)]) {
      const { seen } = await look(bytes.length > 0 ? [bytes] : [], { end: true });
      assert.deepEqual(seen, { kind: "ended", bytes });
    }
  });
});
