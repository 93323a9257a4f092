import assert from "node:assert/strict";
import { once } from "node:events";
import https from "node:https";
import type net from "node:net";
import { describe, it } from "node:test";
import type { WebSocket } from "ws";
import { connectOwn, secure } from "./pieces.ts";
import { connect, outcome, ownCertificate, read } from "./streams.ts";
import { freePort, startHttp, startMux, startTcp, type TestMux } from "./support.ts";
import { closeCode, startWebSocket } from "./web-sockets.ts";

const echo = (webSocket: WebSocket) => void webSocket.on("message", (data) => webSocket.send(data));

/** A plain client by address, and one with TLS by SNI. */
const ways: Record<string, (mux: TestMux) => Promise<net.Socket>> = {
  plain: (mux) => connectOwn(mux, "old.test"),
  "in TLS": async (mux) => secure(await connect(mux.port), mux, "old.test"),
};

describe("A tunnel through a WebSocket", () => {
  for (const [title, open] of Object.entries(ways)) {
    it(`carries a client's bytes, ${title}, to a service that speaks WebSocket with TLS or without`, async () => {
      const own = await ownCertificate("service.test");
      const asked: string[] = [];
      const onWebSocket = (webSocket: WebSocket, path: string) => {
        asked.push(path);
        echo(webSocket);
      };
      await using clear = await startWebSocket(onWebSocket);
      await using secured = await startWebSocket(onWebSocket, { server: https.createServer(own) });
      for (const [to, path] of [
        [`tcp+ws://127.0.0.1:${clear.port}`, "/"],
        [`tcp+ws://127.0.0.1:${clear.port}/a/tunnel`, "/a/tunnel"],
        [`tcp+wss://127.0.0.1:${secured.port}/x`, "/x"],
      ] as const) {
        const insecure = to.startsWith("tcp+wss") && { insecureUpstream: true };
        await using mux = await startMux({ "old.test": { to, ...insecure } });
        const client = await open(mux);
        client.write("hello");
        assert.equal(String(await read(client, 5)), "hello");
        const closed = outcome(client);
        client.end();
        assert.deepEqual(await closed, { bytes: Buffer.alloc(0), error: undefined });
        assert.equal(asked.at(-1), path);
        const report = await mux.report(() => true);
        assert.equal(report.target, to);
        assert.deepEqual(report.ending, { how: "closed" });
      }
    });
  }

  it("brings the words of a service that speaks first, and those of a client that ends at once", async () => {
    await using service = await startWebSocket((webSocket) => {
      webSocket.send(Buffer.from("hello"));
      webSocket.on("message", (data) => webSocket.send(data));
    });
    const to = `tcp+ws://127.0.0.1:${service.port}`;
    await using mux = await startMux({ "old.test": to, "mute.test": { to, tls: false } });

    for (const open of [...Object.values(ways), (mux: TestMux) => connectOwn(mux, "mute.test")]) {
      const client = await open(mux);
      assert.equal(String(await read(client, 5)), "hello");
      client.destroy();
    }
    const client = await connectOwn(mux, "old.test");
    const said = outcome(client);
    client.end();
    assert.equal(String((await said).bytes), "hello");
  });

  it("takes messages in fragments, and one that comes along with the handshake's answer", async () => {
    await using service = await startWebSocket((webSocket) => {
      webSocket.send(Buffer.from("one "), { fin: false });
      webSocket.send(Buffer.from("two "), { fin: true });
      webSocket.send(Buffer.from("three"));
      webSocket.close();
    });
    await using mux = await startMux({ "old.test": `tcp+ws://127.0.0.1:${service.port}` });

    for (const open of Object.values(ways)) {
      const { bytes, error } = await outcome(await open(mux));
      assert.equal(String(bytes), "one two three");
      assert.equal(error, undefined);
    }
  });

  it("tells each side by a close code or a reset how the other one ended", async () => {
    const arrived: ((webSocket: WebSocket) => void)[] = [];
    await using service = await startWebSocket((webSocket) => arrived.shift()?.(webSocket));
    await using mux = await startMux({ "old.test": `tcp+ws://127.0.0.1:${service.port}` });
    const pair = async () => {
      const behind = new Promise<WebSocket>((resolve) => arrived.push(resolve));
      const client = await connectOwn(mux, "old.test");
      client.write("hello");
      const webSocket = await behind;
      await once(webSocket, "message");
      return { client, webSocket };
    };

    for (const [leave, code] of [
      [(client: net.Socket) => client.end(), 1000],
      [(client: net.Socket) => client.resetAndDestroy(), 1011],
    ] as const) {
      const { client, webSocket } = await pair();
      const closed = closeCode(webSocket);
      client.on("error", () => undefined).resume();
      leave(client);
      assert.equal(await closed, code);
      client.destroy();
    }
    for (const [leave, error] of [
      [(webSocket: WebSocket) => webSocket.close(1000), undefined],
      [(webSocket: WebSocket) => webSocket.close(1001), undefined],
      [(webSocket: WebSocket) => webSocket.close(), undefined],
      [(webSocket: WebSocket) => webSocket.close(1011), "ECONNRESET"],
      [(webSocket: WebSocket) => webSocket.close(4001), "ECONNRESET"],
      [(webSocket: WebSocket) => webSocket.terminate(), "ECONNRESET"],
      [(webSocket: WebSocket) => webSocket.send("text"), "ECONNRESET"],
    ] as const) {
      const { client, webSocket } = await pair();
      const said = outcome(client);
      leave(webSocket);
      assert.deepEqual(await said, { bytes: Buffer.alloc(0), error }, String(leave));
    }
  });

  it("is refused, and the reason told, by what is no WebSocket service", async () => {
    const own = await ownCertificate("service.test");
    await using web = await startHttp((_request, response) => void response.writeHead(404).end());
    await using odd = await startTcp((socket) => socket.end("SSH-2.0-x\r\n"));
    await using mute = await startTcp((socket) => void socket.on("end", () => socket.end()).resume());
    await using distrusted = await startWebSocket(echo, { server: https.createServer(own) });
    for (const [to, code, reason] of [
      [`tcp+ws://127.0.0.1:${web.port}/tunnel`, "target-declined", /did not accept a WebSocket: .*404/],
      [`tcp+ws://127.0.0.1:${odd.port}`, "target-declined", /did not accept a WebSocket/],
      [`tcp+ws://127.0.0.1:${mute.port}`, "target-declined", /no answer within 10 s/],
      [`tcp+wss://127.0.0.1:${web.port}`, "target-not-tls", /TLS handshake/],
      [`tcp+wss://127.0.0.1:${distrusted.port}`, "target-untrusted", /not trusted/],
    ] as const) {
      await using mux = await startMux({ "old.test": to });
      const over = Object.values(ways).map((open) => open(mux).then(outcome, () => undefined));
      for (const by of ["address", "sni"]) {
        const { ending } = await mux.report(({ seen }) => seen.by === by);
        assert.ok(ending.how === "refused");
        assert.equal(ending.problem.code, code);
        assert.match(ending.problem.message, reason);
      }
      await Promise.all(over);
    }
  });

  it("leaves a service that does not finish its handshake when the client breaks off", async () => {
    const arrived: ((socket: net.Socket) => void)[] = [];
    await using mute = await startTcp((socket) => {
      socket.on("end", () => socket.end()).resume();
      arrived.shift()?.(socket);
    });
    for (const scheme of ["tcp+ws", "tcp+wss"]) {
      await using mux = await startMux({ "old.test": `${scheme}://127.0.0.1:${mute.port}` });
      const behind = new Promise<net.Socket>((resolve) => arrived.push(resolve));
      const client = await connectOwn(mux, "old.test");
      const closed = once(await behind, "close");
      const start = performance.now();
      client.resetAndDestroy();
      await closed;
      assert.ok(performance.now() - start < 5000, "long before the handshake would have been given up");
    }
  });

  it("is held until its service has started", async () => {
    const port = await freePort();
    await using mux = await startMux({ "old.test": `tcp+ws://127.0.0.1:${port}` });
    const opening = Object.values(ways).map((open) => open(mux));
    await mux.event("target", ({ state }) => state === "down");
    await using _service = await startWebSocket(echo, { port });
    for (const client of await Promise.all(opening)) {
      client.write("hello");
      assert.equal(String(await read(client, 5)), "hello");
      client.destroy();
    }
  });
});
