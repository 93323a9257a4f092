import assert from "node:assert/strict";
import type net from "node:net";
import { describe, it } from "node:test";
import { type ProxiedAddresses, writeProxyHeader } from "../../src/core/proxy-protocol.ts";
import { ask } from "./http-support.ts";
import { connectOwn, secure } from "./pieces.ts";
import { connect, outcome, read, turn } from "./streams.ts";
import { startHttp, startMux, startTcp } from "./support.ts";

const acceptProxy = ["127.0.0.1", "::1"];
const real: ProxiedAddresses = {
  source: { address: "203.0.113.7", port: 4711 },
  destination: { address: "198.51.100.1", port: 443 },
};
const real6: ProxiedAddresses = {
  source: { address: "2001:db8::7", port: 4711 },
  destination: { address: "2001:db8::1", port: 443 },
};

const echo = (socket: net.Socket) => void socket.pipe(socket);

describe("A PROXY header from an address that is believed", () => {
  it("is taken off before anything else, split at any byte, and tells the client", async () => {
    await using service = await startTcp(echo);
    await using mux = await startMux({ "*": `tcp://127.0.0.1:${service.port}` }, { acceptProxy });
    const words = Buffer.from("\x01 first words");

    for (const version of [1, 2] as const) {
      const header = writeProxyHeader(version, real);
      for (let at = 1; at <= header.length; at++) {
        const client = await connect(mux.port);
        client.write(header.subarray(0, at));
        await turn();
        client.write(Buffer.concat([header.subarray(at), words]));
        assert.deepEqual(await read(client, words.length), words);
        client.destroy();
      }
    }
    const report = await mux.report(() => true);
    assert.equal(report.client, "203.0.113.7:4711");
  });

  it("tells the client of every kind of connection, over IPv6 as well", async () => {
    await using service = await startTcp(echo);
    await using mux = await startMux(
      { "db.test": `tcp://127.0.0.1:${service.port}`, "*": `tcp://127.0.0.1:${service.port}` },
      { acceptProxy },
    );

    const inTls = await connect(mux.port);
    inTls.write(writeProxyHeader(1, { ...real, source: { address: "203.0.113.1", port: 1 } }));
    const secured = await secure(inTls, mux, "db.test");
    secured.write("x");
    await read(secured, 1);
    secured.destroy();
    const byAddress = await connectOwn(mux, "db.test");
    byAddress.write(writeProxyHeader(2, { ...real, source: { address: "203.0.113.2", port: 2 } }));
    byAddress.write("x");
    assert.equal(String(await read(byAddress, 1)), "x");
    byAddress.destroy();
    const by6 = await connect(mux.port, "::1");
    by6.write(writeProxyHeader(2, real6));
    by6.write("\x01");
    await read(by6, 1);
    by6.destroy();

    setTimeout(() => console.log(JSON.stringify(mux.events)), 500);
    const first = await mux.report(({ client }) => client === "203.0.113.1:1");
    assert.deepEqual(first.seen, { by: "sni", name: "db.test" });
    const second = await mux.report(({ client }) => client === "203.0.113.2:2");
    assert.deepEqual(second.seen, { by: "address", name: mux.addressOf("db.test") });
    await mux.report(({ client }) => client === "[2001:db8::7]:4711");
  });

  it("is what X-Forwarded-For says", async () => {
    await using web = await startHttp(
      ({ headers }, response) => void response.end(headers["x-forwarded-for"]),
    );
    await using mux = await startMux({ "web.test": `http://127.0.0.1:${web.port}` }, { acceptProxy });

    const client = await connect(mux.port);
    client.write(writeProxyHeader(2, real));
    client.write("GET / HTTP/1.1\r\nHost: web.test\r\nConnection: close\r\n\r\n");
    assert.match(String((await outcome(client)).bytes), /\r\n\r\n.*203\.0\.113\.7/s);
    const ordinary = await ask("HTTP/2 over TLS", mux, "web.test");
    assert.equal(ordinary.text, "127.0.0.1");
  });

  it("may tell no addresses, or not be there at all", async () => {
    await using service = await startTcp(echo);
    await using mux = await startMux({ "*": `tcp://127.0.0.1:${service.port}` }, { acceptProxy });

    for (const header of ["PROXY UNKNOWN\r\n", "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", ""]) {
      const client = await connect(mux.port);
      client.write(Buffer.from(`${header}PING\r\n`, "latin1"));
      assert.equal(String(await read(client, 6)), "PING\r\n");
      const from = `127.0.0.1:${client.localPort}`;
      client.destroy();
      await mux.report((report) => report.client === from);
    }
  });

  it("is refused when it is malformed", async () => {
    await using service = await startTcp(echo);
    await using mux = await startMux(
      { "db.test": `tcp://127.0.0.1:${service.port}`, "*": `tcp://127.0.0.1:${service.port}` },
      { acceptProxy },
    );

    for (const open of [() => connect(mux.port), () => connectOwn(mux, "db.test")]) {
      for (const header of ["PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", "\r\n\r\n\0\r\nQUIT\n\x11\x11\0\0"]) {
        const client = await open();
        const said = outcome(client);
        client.write(Buffer.from(header, "latin1"));
        assert.deepEqual(await said, { bytes: Buffer.alloc(0), error: "ECONNRESET" });
      }
    }
    const refused = mux.events.filter(
      (event) =>
        event.type === "connection" &&
        event.connection.ending.how === "refused" &&
        event.connection.ending.problem.code === "malformed-proxy-header",
    );
    assert.equal(refused.length, 4);
    assert.equal(service.sockets.size, 0);
  });

  it("is awaited only for a moment where the service may have to speak first", async () => {
    await using service = await startTcp((socket) => socket.end("hello"));
    await using mux = await startMux({ "mail.test": `tcp://127.0.0.1:${service.port}` }, { acceptProxy });

    const start = performance.now();
    const client = await connectOwn(mux, "mail.test");
    assert.equal(String((await outcome(client)).bytes), "hello");
    const silent = performance.now() - start;
    assert.ok(silent >= 200 && silent < 1000, `${silent} ms`);

    const ended = await connectOwn(mux, "mail.test");
    const said = outcome(ended);
    const since = performance.now();
    ended.end();
    assert.equal(String((await said).bytes), "hello");
    assert.ok(performance.now() - since < 180, "a client that ends has no header to send");
  });
});

describe("A PROXY header from anybody else", () => {
  it("is ordinary bytes", async () => {
    await using service = await startTcp(echo);
    await using mux = await startMux(
      { "db.test": `tcp://127.0.0.1:${service.port}`, "*": `tcp://127.0.0.1:${service.port}` },
      { acceptProxy: ["192.0.2.1"] },
    );
    const header = writeProxyHeader(1, real);

    for (const open of [() => connect(mux.port), () => connectOwn(mux, "db.test")]) {
      const client = await open();
      client.write(header);
      assert.deepEqual(await read(client, header.length), header);
      const from = `127.0.0.1:${client.localPort}`;
      client.destroy();
      await mux.report((report) => report.client === from);
    }
    mux.setAcceptProxy(["127.0.0.1"]);
    const client = await connect(mux.port);
    client.write(Buffer.concat([header, Buffer.from("\x01")]));
    assert.deepEqual(await read(client, 1), Buffer.of(1), "from now on it is believed");
    client.destroy();
  });
});
