import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { captured } from "../core/hex-fixtures.ts";
import { until } from "./http-support.ts";
import { connect, connectTls, outcome, ownCertificate, read, startTls, turn } from "./streams.ts";
import { freePort, startHttp, startMux, startTcp } from "./support.ts";

const words = "- words without a name\n";

describe("Stopping", () => {
  it("lets an open connection finish within the grace, while new ones are refused", async () => {
    await using service = await startTcp((socket) => socket.pipe(socket));
    await using mux = await startMux({ "*": `tcp://127.0.0.1:${service.port}` });
    const client = await connect(mux.port);
    client.write(words);
    await read(client, words.length);

    const stopping = mux.stop(60_000);
    for (const host of ["127.0.0.1", "::1"]) {
      await assert.rejects(connect(mux.port, host), { code: "ECONNREFUSED" });
    }
    client.write("go on");
    assert.equal(String(await read(client, 5)), "go on");
    assert.ok(!mux.events.some(({ type }) => type === "stopped"));
    client.end();
    await outcome(client);
    await stopping;
    const last = mux.events.slice(-2).map(({ type }) => type);
    assert.deepEqual(last, ["connection", "stopped"]);
    assert.deepEqual((await mux.report(() => true)).ending, { how: "closed" });
  });

  it("ends what is still open after the grace, and tells of each before it says that it has stopped", async () => {
    const ended: ReturnType<typeof outcome>[] = [];
    await using service = await startTcp((socket) => {
      ended.push(outcome(socket));
      socket.write("ready");
    });
    await using mux = await startMux({
      "db.test": `tcp://127.0.0.1:${service.port}`,
      "*": `tcp://127.0.0.1:${service.port}`,
    });
    const plain = await connect(mux.port);
    plain.write(words);
    const secured = await connectTls(mux, "db.test");
    for (const client of [plain, secured]) assert.equal(String(await read(client, 5)), "ready");
    const clients = [outcome(plain), outcome(secured)];

    const since = performance.now();
    await mux.stop(100);
    assert.ok(performance.now() - since >= 99);
    await Promise.all([...clients, ...ended]);
    const types = mux.events.slice(-3).map(({ type }) => type);
    assert.deepEqual(types, ["connection", "connection", "stopped"]);
    for (const event of mux.events) {
      if (event.type === "connection") assert.deepEqual(event.connection.ending, { how: "stopped" });
    }
  });

  it("can be hurried", async () => {
    await using service = await startTcp((socket) => socket.pipe(socket));
    await using mux = await startMux({ "*": `tcp://127.0.0.1:${service.port}` });
    const client = await connect(mux.port);
    client.write(words);
    await read(client, words.length);
    const gone = outcome(client);
    const patient = mux.stop(60_000);
    await Promise.all([mux.stop(0), patient, gone]);
    assert.equal(mux.events.filter(({ type }) => type === "stopped").length, 1);
  });

  it("leaves nothing open, whatever state its connections were in", async () => {
    {
      const own = await ownCertificate("auth.test");
      await using echo = await startTcp((socket) => socket.pipe(socket));
      await using passed = await startTls(own, (socket) => socket.pipe(socket));
      await using web = await startHttp((_request, response) => response.end("hello"));
      await using mux = await startMux({
        "web.test": web.port,
        "auth.test": `tls://127.0.0.1:${passed.port}`,
        "app.test": `tcp://127.0.0.1:${echo.port}`,
        "late.test": { to: `tcp://127.0.0.1:${await freePort()}`, hold: 600 },
        // Nobody is there (RFC 5737): the connection is still being made at the end.
        "far.test": { to: "tcp://192.0.2.1:9", hold: 600 },
      });
      const open = async (first: string | Uint8Array) => {
        const client = await connect(mux.port);
        client.on("error", () => undefined);
        client.write(first);
        return client;
      };
      const request = (host: string) => `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
      const spliced = await open(request("app.test"));
      await read(spliced, 1);
      const secured = await connectTls(mux, "app.test");
      const through = await connectTls(mux, "auth.test", { ca: own.cert });
      const browser = await connectTls(mux, "web.test", { ALPNProtocols: ["http/1.1"] });
      browser.write(request("web.test"));
      await read(browser, 1);
      // With "TE" it is not relayed: Node's client keeps the connection to the service.
      const trailing = await open("GET / HTTP/1.1\r\nHost: web.test\r\nTE: trailers\r\n\r\n");
      await read(trailing, 1);
      const silent = await open("");
      const handshaking = await open(captured("openssl_sclient_sni"));
      await read(handshaking, 1);
      const refused = await open(captured("redis_cli_sni"));
      await read(refused, 7);
      const late = await open(request("late.test"));
      await mux.event("target", ({ state }) => state === "down");
      const far = await open(request("far.test"));
      await turn();
      const clients = [spliced, secured, through, browser, trailing, silent, handshaking, refused, late, far];
      const gone = clients.map(outcome);
      await mux.stop(0);
      await Promise.all(gone);
      await until(() => web.sockets.size === 0, "the connections that were kept for further requests end");
    }
    // The last of what was destroyed closes a turn later.
    for (let turns = 0; turns < 100 && resources() !== ""; turns++) await turn();
    assert.equal(resources(), "");
  });
});

/** The sockets, servers and timers that keep this process alive. */
function resources(): string {
  const kinds = process.getActiveResourcesInfo();
  return kinds.filter((kind) => /TCP|TLS|HTTP|Connect|Timeout|GetAddrInfo/.test(kind)).join(" ");
}
