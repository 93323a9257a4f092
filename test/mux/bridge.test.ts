import assert from "node:assert/strict";
import { once } from "node:events";
import type net from "node:net";
import { describe, it } from "node:test";
import { speak, statusOf, until } from "./http-support.ts";
import { connectOwn, secure } from "./pieces.ts";
import { connect, connectTls, outcome, read } from "./streams.ts";
import { freePort, startMux, startTcp } from "./support.ts";
import { closeCode, dialWebSocket, message, openWebSocket } from "./web-sockets.ts";

const echo = (socket: net.Socket) => void socket.pipe(socket);
const bridge = (port: number) => ({ to: `tcp://127.0.0.1:${port}`, webSocketBridge: true });

/** A service that hands out its next connection. */
async function startService() {
  const arrived: net.Socket[] = [];
  const waiting: ((socket: net.Socket) => void)[] = [];
  const service = await startTcp((socket) => {
    const resolve = waiting.shift();
    if (resolve) resolve(socket);
    else arrived.push(socket);
  });
  const next = async () =>
    arrived.shift() ?? (await new Promise<net.Socket>((resolve) => waiting.push(resolve)));
  return Object.assign(service, { next });
}

/** How a service's connection is over. */
function endOf(socket: net.Socket): Promise<"ended" | "reset"> {
  return new Promise((resolve) => {
    socket.once("end", () => resolve("ended"));
    socket.once("error", () => resolve("reset"));
    socket.resume();
  });
}

describe("A WebSocket to a bridged route", () => {
  it("carries bytes both ways in binary frames: by SNI, by Host, and at the route's own address", async () => {
    await using service = await startTcp(echo);
    await using mux = await startMux({
      "db.test": bridge(service.port),
      "clear.test": { ...bridge(service.port), tls: false },
    });

    for (const [scheme, host, domain] of [
      ["wss", "127.0.0.1", "db.test"],
      ["ws", "127.0.0.1", "db.test"],
      ["wss", mux.addressOf("db.test"), "db.test"],
      ["ws", mux.addressOf("db.test"), "db.test"],
      ["ws", mux.addressOf("clear.test"), "clear.test"],
    ] as const) {
      const client = await openWebSocket(mux, scheme, domain, { host });
      client.send(Buffer.from("hello"));
      assert.deepEqual(await message(client), { text: "hello", isBinary: true }, `${scheme} at ${host}`);
      client.close(1000);
      assert.equal(await closeCode(client), 1000);
    }
    const report = await mux.report(({ seen }) => seen.by === "host");
    assert.equal(report.route, "db.test");
    assert.equal(report.target, `tcp://127.0.0.1:${service.port}`);
    assert.deepEqual(report.ending, { how: "closed" });
  });

  it("hears a service that speaks first, and so does a client without WebSocket", async () => {
    await using service = await startTcp((socket) => {
      socket.write("RFB 003.008\n");
      socket.pipe(socket);
    });
    await using mux = await startMux({ "vnc.test": bridge(service.port) });

    for (const host of ["127.0.0.1", mux.addressOf("vnc.test")]) {
      const client = await openWebSocket(mux, "wss", "vnc.test", { host });
      assert.equal((await message(client)).text, "RFB 003.008\n");
      client.terminate();
      const browser = await openWebSocket(mux, "wss", "vnc.test", { host, ALPNProtocols: ["http/1.1"] });
      assert.equal((await message(browser)).text, "RFB 003.008\n");
      browser.terminate();
      const plain = await openWebSocket(mux, "ws", "vnc.test", { host });
      assert.equal((await message(plain)).text, "RFB 003.008\n");
      plain.terminate();
      const raw = await secure(await connect(mux.port, host), mux, "vnc.test");
      assert.equal(String(await read(raw, 12)), "RFB 003.008\n");
      raw.write("hello");
      assert.equal(String(await read(raw, 5)), "hello");
      raw.destroy();
    }
    const own = await connectOwn(mux, "vnc.test");
    assert.equal(String(await read(own, 12)), "RFB 003.008\n");
    own.destroy();
  });

  it("hears it at once inside TLS: at the route's own address, and when it had to be waited for", async () => {
    const port = await freePort();
    // Longer than this test may take.
    await using mux = await startMux({ "vnc.test": bridge(port) }, { helloMilliseconds: 120_000 });
    const waiting = await connectTls(mux, "vnc.test");
    await using _service = await startTcp(
      (socket) => {
        socket.on("error", () => undefined);
        socket.write("RFB 003.008\n");
      },
      { port },
    );
    assert.equal(String(await read(waiting, 12)), "RFB 003.008\n");
    waiting.destroy();
    const own = await secure(await connectOwn(mux, "vnc.test"), mux, "vnc.test");
    assert.equal(String(await read(own, 12)), "RFB 003.008\n");
    own.destroy();
  });

  it("leaves the bytes of a client without WebSocket as they are, also when that speaks first", async () => {
    await using service = await startTcp(echo);
    await using mux = await startMux({ "db.test": bridge(service.port) });

    for (const words of ["G", "hello", "GET / HTTP/1.1\r\nHost: db.test\r\n\r\n", "\x16\x03\x01"]) {
      for (const host of ["127.0.0.1", mux.addressOf("db.test")]) {
        const client = await secure(await connect(mux.port, host), mux, "db.test");
        const said = outcome(client);
        client.end(words, "latin1");
        assert.deepEqual(await said, { bytes: Buffer.from(words, "latin1"), error: undefined });
      }
      const plain = await connectOwn(mux, "db.test");
      const said = outcome(plain);
      plain.end(words, "latin1");
      assert.deepEqual(await said, { bytes: Buffer.from(words, "latin1"), error: undefined });
    }
  });

  it("may send its message in fragments, and of any size", async () => {
    await using service = await startTcp(echo);
    await using mux = await startMux({ "db.test": bridge(service.port) });

    const client = await openWebSocket(mux, "wss", "db.test");
    client.send(Buffer.from("one "), { fin: false });
    client.ping();
    client.send(Buffer.from("two "), { fin: false });
    client.send(Buffer.alloc(0));
    client.send(Buffer.from("three"));
    let text = "";
    while (text !== "one two three") text += (await message(client)).text;
    client.terminate();
  });

  it("is closed with 1003 for text, which bytes cannot promise to be", async () => {
    await using service = await startService();
    await using mux = await startMux({ "db.test": bridge(service.port) });

    const client = await openWebSocket(mux, "ws", "db.test");
    const behind = await service.next();
    const end = endOf(behind);
    client.send("text");
    assert.equal(await closeCode(client), 1003);
    assert.equal(await end, "reset");
  });

  it("ends its service by closing, and is closed with 1000 when that ends", async () => {
    await using service = await startService();
    await using mux = await startMux({ "db.test": bridge(service.port) });

    for (const code of [1000, 1001, undefined]) {
      const client = await openWebSocket(mux, "wss", "db.test");
      const behind = await service.next();
      const end = endOf(behind);
      client.close(code);
      assert.equal(await end, "ended");
      behind.end();
      await once(behind, "close");
    }
    const client = await openWebSocket(mux, "wss", "db.test");
    const behind = await service.next();
    behind.end("last words");
    assert.equal((await message(client)).text, "last words");
    assert.equal(await closeCode(client), 1000);
  });

  it("ends its service although that is still sending", async () => {
    await using service = await startService();
    await using mux = await startMux({ "db.test": bridge(service.port) });
    const client = await openWebSocket(mux, "ws", "db.test");
    const behind = await service.next();
    const end = endOf(behind);
    const sending = setInterval(() => behind.write("more"), 1);
    // A client closes its connection when it has read that its close is answered: this one does so late.
    client.pause();
    client.close(1000);
    setTimeout(() => client.resume(), 100);
    assert.equal(await end, "ended");
    clearInterval(sending);
    behind.end();
    assert.deepEqual((await mux.report(() => true)).ending, { how: "closed" });
  });

  it("is closed with 1011 when its service breaks off, even while it sends without a pause", async () => {
    await using service = await startService();
    await using mux = await startMux({ "db.test": bridge(service.port) });

    for (const floods of [false, true]) {
      const client = await openWebSocket(mux, "wss", "db.test");
      const behind = await service.next();
      const send = () => client.readyState === client.OPEN && client.send(Buffer.alloc(256 * 1024), send);
      if (floods) {
        for (let lane = 0; lane < 8; lane++) send();
        await once(behind, "readable");
      }
      const code = closeCode(client);
      behind.resetAndDestroy();
      assert.equal(await code, 1011);
      const report = await mux.report(({ ending }) => ending.how === "reset");
      assert.deepEqual(report.ending, { how: "reset", by: "target" });
    }
  });

  it("breaks its service off when it breaks off itself, or closes for another reason", async () => {
    await using service = await startService();
    await using mux = await startMux({ "db.test": bridge(service.port) });

    for (const leave of ["terminate", "close"] as const) {
      const client = await openWebSocket(mux, "ws", "db.test");
      const end = endOf(await service.next());
      if (leave === "terminate") client.terminate();
      else client.close(4000);
      assert.equal(await end, "reset");
    }
  });

  it("does not stay open when the service is down", async () => {
    const port = await freePort();
    await using mux = await startMux({ "db.test": { ...bridge(port), hold: 0.2 } });

    for (const scheme of ["ws", "wss"] as const) {
      assert.equal(await closeCode(dialWebSocket(mux, scheme, "db.test")), 1006);
    }
    const { ending } = await mux.report(() => true);
    assert.equal(ending.how === "refused" && ending.problem.code, "target-down");
  });

  it("that is malformed is answered, and its service left", async () => {
    await using service = await startTcp((socket) => void socket.on("end", () => socket.end()).resume());
    await using mux = await startMux({ "db.test": bridge(service.port) });
    const head = "Host: db.test\r\nUpgrade: websocket\r\n";

    for (const request of [
      `GET / HTTP/1.1\r\n${head}\r\n`,
      `GET / HTTP/1.1\r\n${head}Connection: upgrade\r\n\r\n`,
      `GET / HTTP/1.1\r\n${head}Connection: upgrade\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n`,
      `GET / HTTP/1.1\r\n${head}Connection: upgrade\r\nSec-WebSocket-Version: 7\r\n\r\n`,
      `GET / HTTP/1.0\r\n${head}Connection: upgrade\r\nbad header\r\n\r\n`,
    ]) {
      assert.equal(Math.floor(statusOf(await speak(mux.port, request)) / 100), 4, request);
      await until(() => service.sockets.size === 0, "the service is left");
    }
  });

  it("leaves the service of a client that does not believe the certificate", async () => {
    await using service = await startService();
    await using mux = await startMux({ "db.test": bridge(service.port) });

    const left = closeCode(dialWebSocket(mux, "wss", "db.test", { ca: [] }));
    const behind = await service.next();
    await endOf(behind);
    assert.equal(await left, 1006);
  });
});
