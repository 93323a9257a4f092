import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { connect, connectTls, outcome, ownCertificate, read, startTls } from "./streams.ts";
import { startMux, startTcp } from "./support.ts";

describe("A connection to a tls:// route", () => {
  it("shows the client the service's own certificate, and reports its bytes as they are on the wire", async () => {
    const own = await ownCertificate("auth.test");
    await using service = await startTls(own, (socket) => socket.pipe(socket));
    await using mux = await startMux({ "auth.test": `tls://127.0.0.1:${service.port}` });

    const client = await connectTls(mux, "auth.test", { ca: own.cert });
    assert.equal(client.authorized, true);
    assert.equal(client.getPeerX509Certificate()?.toString(), own.cert);
    client.write("hello");
    assert.equal(String(await read(client, 5)), "hello");
    const [raw] = service.sockets;
    assert.ok(raw);
    const closed = once(raw, "close");
    client.end();
    assert.deepEqual(await outcome(client), { bytes: Buffer.alloc(0), error: undefined });
    await closed;

    const report = await mux.report(() => true);
    assert.deepEqual(report.seen, { by: "sni", name: "auth.test" });
    assert.equal(report.route, "auth.test");
    assert.equal(report.rule, "exact");
    assert.equal(report.target, `tls://127.0.0.1:${service.port}`);
    assert.deepEqual(report.ending, { how: "closed" });
    assert.equal(report.received, raw.bytesRead);
    assert.equal(report.sent, raw.bytesWritten);
  });

  it("is found by a name in upper case and with a trailing dot", async () => {
    const own = await ownCertificate("auth.test");
    const asked: unknown[] = [];
    await using service = await startTls(own, (socket) => {
      asked.push(socket.servername);
      socket.end();
    });
    await using mux = await startMux({ "auth.test": `tls://127.0.0.1:${service.port}` });

    for (const name of ["AUTH.Test", "auth.test.", "AUTH.TEST."]) {
      const client = await connectTls(mux, name, { ca: own.cert, checkServerIdentity: () => undefined });
      client.end();
      await outcome(client);
    }
    assert.deepEqual(asked, ["AUTH.Test", "auth.test.", "AUTH.TEST."], "the service sees the name as sent");
    await mux.stop(1000);
    const seen = mux.events.flatMap((event) => (event.type === "connection" ? [event.connection.seen] : []));
    assert.deepEqual(seen, Array(3).fill({ by: "sni", name: "auth.test" }));
  });

  it("speaks whatever version and application protocol client and service agree on", async () => {
    const own = await ownCertificate("auth.test");
    await using service = await startTls({ ...own, ALPNProtocols: ["rare/2", "rare/1"] }, (socket) =>
      socket.end(`${socket.getProtocol()} ${socket.alpnProtocol}`),
    );
    await using mux = await startMux({ "auth.test": `tls://127.0.0.1:${service.port}` });

    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const client = await connectTls(mux, "auth.test", {
        ca: own.cert,
        minVersion: version,
        maxVersion: version,
        ALPNProtocols: ["rare/1"],
      });
      assert.equal(String(await read(client, 14)), `${version} rare/1`);
      client.end();
      await outcome(client);
    }
  });

  it("matches one label under a wildcard, an exact name before it, and the default last", async () => {
    const own = await ownCertificate("any.test");
    const saying = (word: string) => startTls(own, (socket) => socket.end(word));
    await using exact = await saying("exact");
    await using wildcard = await saying("wildcard");
    await using fallback = await saying("default");
    await using mux = await startMux({
      "one.shop.test": `tls://127.0.0.1:${exact.port}`,
      "*.shop.test": `tls://127.0.0.1:${wildcard.port}`,
      "*": `tls://127.0.0.1:${fallback.port}`,
    });

    const ask = async (name: string) => {
      const client = await connectTls(mux, name, { rejectUnauthorized: false });
      const said = outcome(client);
      client.end();
      return String((await said).bytes);
    };
    assert.equal(await ask("one.shop.test"), "exact");
    assert.equal(await ask("two.shop.test"), "wildcard");
    assert.equal(await ask("a.two.shop.test"), "default");
    assert.equal(await ask("shop.test"), "default");
    assert.equal(await ask(""), "default");
    const unnamed = await mux.report(({ seen }) => seen.by === "nothing");
    assert.equal(unnamed.route, "*");
    assert.equal(unnamed.rule, "default");
  });

  it("goes on by the routes it began with when they change", async () => {
    await using before = await startTcp((socket) => socket.on("data", () => socket.write("before")));
    await using after = await startTcp((socket) => socket.on("data", () => socket.write("after")));
    await using mux = await startMux({ "*": `tcp://127.0.0.1:${before.port}` });

    const old = await connect(mux.port);
    old.write("- first words\n");
    assert.equal(String(await read(old, 6)), "before");
    mux.setRoutes({ "*": `tcp://127.0.0.1:${after.port}` });
    const young = await connect(mux.port);
    young.write("- first words\n");
    assert.equal(String(await read(young, 5)), "after");
    old.write("more");
    assert.equal(String(await read(old, 6)), "before");
    mux.setRoutes({});
    old.write("more");
    assert.equal(String(await read(old, 6)), "before");
    old.destroy();
    young.destroy();
  });
});
