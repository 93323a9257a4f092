import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readClientHello } from "../../src/core/client-hello.ts";
import { normalizeName } from "../../src/core/domain.ts";
import { captured, captures, records } from "../core/hex-fixtures.ts";
import { connect, outcome, turn } from "./streams.ts";
import { startMux, startTcp, type TestMux } from "./support.ts";

/** A service that keeps, for every connection to its end, what arrived; then it ends as well. */
async function startCollecting(label: string) {
  const received: Buffer[] = [];
  const service = await startTcp((socket) => {
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("end", () => {
      received.push(Buffer.concat(chunks));
      socket.end(label);
    });
  });
  return Object.assign(service, { received });
}

async function startBoth() {
  const named = await startCollecting("named");
  const fallback = await startCollecting("default");
  const mux = await startMux({
    "app.test": `tls://127.0.0.1:${named.port}`,
    "*.test": `tls://127.0.0.1:${named.port}`,
    "*": `tls://127.0.0.1:${fallback.port}`,
  });
  return { named, fallback, mux };
}

function serverNameIn(hello: Buffer): string | undefined {
  const result = readClientHello(hello);
  assert.equal(result.kind, "hello");
  const { serverName } = result.hello;
  return serverName === undefined ? undefined : normalizeName(serverName);
}

/** Sends `pieces` one by one, each read by the mux before the next is sent, and gives what the service says. */
async function send(mux: TestMux, pieces: Iterable<Uint8Array>): Promise<string> {
  const client = await connect(mux.port);
  const said = outcome(client);
  for (const piece of pieces) {
    await new Promise((resolve) => client.write(piece, resolve));
    await turn();
  }
  client.end();
  return String((await said).bytes);
}

function* segments(bytes: Buffer, size: number): Iterable<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe("The first words of a real client", () => {
  it("reach the service byte for byte, whoever the client is, and the name in them is reported", async () => {
    const { named, fallback, mux } = await startBoth();
    await using _named = named;
    await using _fallback = fallback;
    await using _mux = mux;
    assert.equal(captures.length, 57);

    for (const capture of captures) {
      const hello = captured(capture);
      const name = serverNameIn(hello);
      const service = name?.endsWith(".test") ? named : fallback;
      const label = service === named ? "named" : "default";
      assert.equal(await send(mux, [hello]), label, capture);
      assert.deepEqual(service.received.pop(), hello, capture);
      assert.equal(named.received.length + fallback.received.length, 0);
    }
    await mux.stop(1000);
    const reports = mux.events.flatMap((event) => (event.type === "connection" ? [event.connection] : []));
    for (const [index, capture] of captures.entries()) {
      const hello = captured(capture);
      const name = serverNameIn(hello);
      assert.deepEqual(
        reports[index]?.seen,
        name === undefined ? { by: "nothing" } : { by: "sni", name },
        capture,
      );
      assert.equal(reports[index]?.received, hello.length, capture);
    }
  });

  for (const capture of [
    "chromium156_app.test.1",
    "firefox153_underscore",
    "java17_sni",
    "python_ssl_tls12",
  ]) {
    it(`may come in segments of any size (${capture})`, async () => {
      const { named, fallback, mux } = await startBoth();
      await using _named = named;
      await using _fallback = fallback;
      await using _mux = mux;
      const hello = captured(capture);
      for (const size of [1, 2, 7, 100, 512, hello.length - 1]) {
        assert.equal(await send(mux, segments(hello, size)), "named", `${size}`);
        assert.deepEqual(named.received.pop(), hello, `${size}`);
      }
    });

    it(`may be cut into TLS records of any size, and those into segments (${capture})`, async () => {
      const { named, fallback, mux } = await startBoth();
      await using _named = named;
      await using _fallback = fallback;
      await using _mux = mux;
      const message = captured(capture).subarray(5);
      for (const size of [1, 3, 128, 512, message.length - 1]) {
        const cut = records(message, size);
        for (const segment of [cut.length, Math.ceil(cut.length / 60)]) {
          assert.equal(await send(mux, segments(cut, segment)), "named", `${size}`);
          assert.deepEqual(named.received.pop(), cut, `${size}`);
        }
      }
    });
  }

  it("may be followed by more in the same segment", async () => {
    const { named, fallback, mux } = await startBoth();
    await using _named = named;
    await using _fallback = fallback;
    await using _mux = mux;
    const hello = captured("curl_openssl3_app.test");
    const more = Buffer.alloc(100_000, "early data");
    assert.equal(await send(mux, [Buffer.concat([hello, more])]), "named");
    assert.deepEqual(named.received.pop(), Buffer.concat([hello, more]));
  });
});
