import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { describe, it } from "node:test";
import tls from "node:tls";
import { captured } from "../core/hex-fixtures.ts";
import { connect, connectTls, outcome, read, turn } from "./streams.ts";
import { freePort, startMux, startTcp } from "./support.ts";

const versions = ["TLSv1.2", "TLSv1.3"] as const;

/** A man in the middle who passes everything on, until he says something of his own to the mux. */
async function startRelay(muxPort: number) {
  const opened = Promise.withResolvers<net.Socket>();
  const relay = await startTcp((socket) => {
    const toMux = net.connect(muxPort, "127.0.0.1");
    toMux.on("error", () => undefined);
    toMux.on("data", (chunk) => socket.write(chunk));
    socket.on("data", (chunk) => toMux.write(chunk));
    opened.resolve(toMux);
  });
  return Object.assign(relay, { toMux: opened.promise });
}

describe("A client that ends TLS here", () => {
  for (const [version, flag] of [
    ["TLSv1.2", "-tls1_2"],
    ["TLSv1.3", "-tls1_3"],
  ] as const) {
    it(`and does not trust the certificate is told as one that does not (${version})`, async () => {
      await using service = await startTcp((socket) => socket.resume());
      await using mux = await startMux({ "db.test": `tcp://127.0.0.1:${service.port}` });
      const child = spawn("openssl", [
        ...["s_client", "-connect", `127.0.0.1:${mux.port}`, "-servername", "db.test", flag],
        ...["-verify_return_error", "-no-CAfile", "-no-CApath", "-no-CAstore"],
      ]);
      child.stdin.end();
      child.stdout.resume();
      child.stderr.resume();
      const [status] = await once(child, "exit");
      assert.notEqual(status, 0);
      const { ending, route } = await mux.report(() => true);
      assert.ok(ending.how === "refused");
      assert.equal(ending.problem.code, "client-distrusts-certificate");
      assert.equal(route, "db.test");
      await allClosed(service.sockets);
    });
  }

  it("and leaves its handshake half done is cut off, and so is its service", async () => {
    await using service = await startTcp((socket) => socket.resume());
    await using mux = await startMux(
      { "app.test": `tcp://127.0.0.1:${service.port}` },
      { helloMilliseconds: 200 },
    );
    for (const capture of ["openssl_sclient_sni", "python_ssl_tls12"]) {
      const client = await connect(mux.port);
      const cut = outcome(client);
      client.write(captured(capture));
      const { bytes, error } = await cut;
      assert.equal(bytes[0], 22, "a ServerHello came");
      assert.equal(error, "ECONNRESET");
      const { ending } = await mux.report(({ received }) => received === captured(capture).length);
      assert.equal(ending.how === "refused" && ending.problem.code, "tls-handshake-slow");
    }
    await allClosed(service.sockets);
  });

  for (const [which, greeting] of [
    ["waits", ""],
    ["speaks first", "220 ready\r\n"],
  ] as const) {
    it(`and ends amid its handshake is let go at once, and so is its service, which ${which}`, async () => {
      await using service = await startTcp((socket) => {
        if (greeting) socket.write(greeting);
        socket.on("end", () => socket.end()).resume();
      });
      await using mux = await startMux({ "app.test": `tcp://127.0.0.1:${service.port}` });
      const client = await connect(mux.port);
      const over = outcome(client);
      client.write(captured("openssl_sclient_sni"));
      client.once("data", () => client.end());
      assert.equal((await over).bytes[0], 22, "a ServerHello came");
      const { milliseconds } = await mux.report(() => true);
      assert.ok(milliseconds < 5000, "long before the handshake would have been given up");
      await allClosed(service.sockets);
    });
  }

  it("and has ended before its service was there is let go at once", async () => {
    const port = await freePort();
    await using mux = await startMux({ "app.test": `tcp://127.0.0.1:${port}` });
    const client = await connect(mux.port);
    const over = outcome(client);
    client.end(captured("openssl_sclient_sni"));
    await mux.event("target", ({ state }) => state === "down");
    await using service = await startTcp((socket) => socket.resume(), { port });
    await over;
    const { milliseconds } = await mux.report(() => true);
    assert.ok(milliseconds < 5000, "long before the handshake would have been given up");
    await allClosed(service.sockets);
  });

  it("and goes while its certificate is made takes nothing further", async () => {
    let called = 0;
    await using service = await startTcp(() => called++);
    const asked = Promise.withResolvers<void>();
    const made = Promise.withResolvers<tls.SecureContext>();
    const contextFor = () => {
      asked.resolve();
      return made.promise;
    };
    const to = `tcp://127.0.0.1:${service.port}`;
    await using mux = await startMux({ "app.test": to }, { contextFor });
    const client = await connect(mux.port);
    client.on("error", () => undefined);
    client.write(captured("openssl_sclient_sni"));
    await asked.promise;
    client.resetAndDestroy();
    const { ending } = await mux.report(() => true);
    assert.deepEqual(ending, { how: "reset", by: "client" });
    made.resolve(tls.createSecureContext());
    for (let turns = 0; turns < 20; turns++) await turn();
    assert.equal(called, 0);
  });

  it("and has its handshake done may then be silent for as long as it likes", async () => {
    await using service = await startTcp((socket) => socket.pipe(socket));
    await using mux = await startMux(
      { "db.test": `tcp://127.0.0.1:${service.port}` },
      { helloMilliseconds: 200 },
    );
    for (const version of versions) {
      const client = await connectTls(mux, "db.test", { maxVersion: version });
      await new Promise((resolve) => setTimeout(resolve, 300));
      client.end("still here");
      assert.equal(String(await read(client, 10)), "still here");
      await outcome(client);
    }
  });

  const noise: [string, Buffer][] = [
    ["garbage", Buffer.alloc(5000, "garbage")],
    ["a fatal alert in the clear", Buffer.of(21, 3, 3, 0, 2, 2, 40)],
    ["a record that was tampered with", Buffer.concat([Buffer.of(23, 3, 3, 1, 0), Buffer.alloc(256, 1)])],
  ];
  for (const version of versions) {
    for (const [what, bytes] of noise) {
      it(`is cut off after ${what} (${version}), though it would stay`, async () => {
        const opened = Promise.withResolvers<ReturnType<typeof outcome>>();
        await using service = await startTcp((socket) => {
          socket.write("ready");
          opened.resolve(outcome(socket));
        });
        await using mux = await startMux({ "db.test": `tcp://127.0.0.1:${service.port}` });
        await using relay = await startRelay(mux.port);
        const client = await connectTls({ port: relay.port, root: mux.root }, "db.test", {
          maxVersion: version,
        });
        client.on("error", () => undefined);
        assert.equal(String(await read(client, 5)), "ready");
        const toMux = await relay.toMux;
        const cut = outcome(toMux);
        toMux.write(bytes);
        assert.equal((await await opened.promise).error, "ECONNRESET");
        const { ending } = await mux.report(() => true);
        assert.ok(ending.how === "refused");
        assert.equal(ending.problem.code, "tls-failed");
        assert.doesNotMatch(ending.problem.message, /\n|openssl/, "it is for people");
        await cut;
        client.destroy();
      });
    }
  }
});

async function allClosed(sockets: ReadonlySet<net.Socket>): Promise<void> {
  await Promise.all([...sockets].map((socket) => new Promise((resolve) => socket.once("close", resolve))));
}
