/** WebSocket over HTTP/1.1: the handshake goes through, and the bytes behind it untouched. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type http from "node:http";
import net from "node:net";
import { test } from "node:test";
import { createWebSocketStream, type WebSocket } from "ws";
import { digestStuttering, largeBody, speak, statusOf, text, until } from "./http-support.ts";
import { recordRequests } from "./raw-service.ts";
import { freePort, startHttp, startMux, startTcp, type TestMux } from "./support.ts";
import { clientFrame, dialWebSocket, opcode, startWebSocket } from "./web-socket-support.ts";

const ways = ["HTTP/1.1 in the clear", "HTTP/1.1 over TLS"] as const;
const large = 48 * 1024 * 1024;

function echo(socket: WebSocket): void {
  socket.on("message", (data, binary) => socket.send(data, { binary }));
}

for (const way of ways) {
  test(`${way}: messages go both ways, and the service sees the client's handshake`, async () => {
    await using service = await startWebSocket(echo);
    let asked: http.IncomingMessage | undefined;
    service.webSockets.on("connection", (_socket, request) => {
      asked = request;
    });
    await using mux = await startMux({ "live.test": `ws://127.0.0.1:${service.port}` });
    const client = dialWebSocket(way, mux, "live.test", { headers: { origin: "https://shop.test" } });
    await once(client, "open");
    client.send("hello");
    const [data] = await once(client, "message");
    assert.equal(String(data), "hello");
    assert.equal(asked?.url, "/live?x=1");
    assert.equal(asked?.headers.host, "live.test");
    assert.equal(asked?.headers.origin, "https://shop.test");
    assert.equal(asked?.headers["x-forwarded-proto"], way === "HTTP/1.1 over TLS" ? "https" : "http");
    client.close();
    await once(client, "close");
    const report = await mux.report(() => true);
    assert.deepEqual([report.route, report.requests, report.ending], ["live.test", 1, { how: "closed" }]);
    assert.equal(report.target, `ws://127.0.0.1:${service.port}`);
  });

  test(`${way}: subprotocol and compression are agreed on between client and service`, async () => {
    await using service = await startWebSocket(echo, { protocol: "chat.v2", perMessageDeflate: true });
    await using mux = await startMux({ "live.test": service.port });
    const client = dialWebSocket(way, mux, "live.test", { protocols: ["chat.v1", "chat.v2"], deflate: true });
    await once(client, "open");
    assert.equal(client.protocol, "chat.v2");
    assert.match(client.extensions, /permessage-deflate/);
    client.send("x".repeat(10_000));
    const [data] = await once(client, "message");
    assert.equal(String(data), "x".repeat(10_000));
    client.terminate();
  });

  test(`${way}: close codes and reasons go both ways`, async () => {
    const heard = Promise.withResolvers<[number, string]>();
    await using service = await startWebSocket((socket) => {
      socket.on("close", (code, reason) => heard.resolve([code, String(reason)]));
      socket.on("message", () => socket.close(4001, "the service has had enough"));
    });
    await using mux = await startMux({ "live.test": service.port });
    const first = dialWebSocket(way, mux, "live.test");
    await once(first, "open");
    first.close(4002, "the client has had enough");
    assert.deepEqual(await heard.promise, [4002, "the client has had enough"]);
    const second = dialWebSocket(way, mux, "live.test");
    await once(second, "open");
    second.send("enough");
    const [code, reason] = await once(second, "close");
    assert.deepEqual([code, String(reason)], [4001, "the service has had enough"]);
  });

  for (const status of [401, 404]) {
    test(`${way}: a service that refuses with ${status} is heard, body and all, and the connection ends`, async () => {
      await using service = await startHttp((_request, response) => {
        response.writeHead(status, { "x-why": "because" }).end("not you");
      });
      await using mux = await startMux({ "live.test": service.port });
      const client = dialWebSocket(way, mux, "live.test");
      const [, response] = await once(client, "unexpected-response");
      assert.equal(response.statusCode, status);
      assert.equal(response.headers["x-why"], "because");
      assert.equal(await text(response), "not you");
      await mux.report(() => true);
      client.terminate();
    });
  }

  test(`${way}: 48 MB come back unharmed through a stuttering reader`, async () => {
    await using service = await startWebSocket((socket) => {
      const stream = createWebSocketStream(socket);
      stream.on("error", () => undefined);
      stream.pipe(stream);
    });
    await using mux = await startMux({ "live.test": service.port });
    const client = dialWebSocket(way, mux, "live.test");
    const stream = createWebSocketStream(client);
    const { stream: body, digest } = largeBody(large);
    // A WebSocket cannot be half closed: it stays open until everything has come back.
    body.pipe(stream, { end: false });
    assert.equal(await digestStuttering(stream, large), digest);
  });

  test(`${way}: when either side dies, so does the other`, async () => {
    let atService: WebSocket | undefined;
    await using service = await startWebSocket((socket) => {
      atService = socket;
    });
    await using mux = await startMux({ "live.test": service.port });
    const first = dialWebSocket(way, mux, "live.test");
    await once(first, "open");
    for (const socket of service.sockets) socket.resetAndDestroy();
    const [code] = await once(first, "close");
    assert.equal(code, 1006);
    const { ending } = await mux.report(() => true);
    assert.deepEqual(ending, { how: "reset", by: "target" });
    const second = dialWebSocket(way, mux, "live.test");
    await once(second, "open");
    second.terminate();
    await until(() => atService?.readyState === 3, "the service sees it go");
    await until(() => service.sockets.size === 0, "its connection ends");
  });
}

const handshake =
  "GET / HTTP/1.1\r\nHost: live.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

test("what a client and a service say right behind the handshake is not lost", async () => {
  await using service = await startWebSocket((socket) => {
    socket.send("welcome");
    echo(socket);
  });
  await using mux = await startMux({ "live.test": service.port });
  const socket = net.connect(mux.port, "127.0.0.1");
  socket.write(Buffer.concat([Buffer.from(handshake), clientFrame(opcode.text, "early")]));
  let received = "";
  socket.on("data", (chunk) => {
    received += chunk.toString("latin1");
  });
  await until(() => received.endsWith("early"), "both have come");
  assert.equal(statusOf(received), 101);
  assert.ok(received.endsWith("\r\n\r\n\x81\x07welcome\x81\x05early"), received);
  socket.destroy();
});

test("a wrong Sec-WebSocket-Accept goes through on HTTP/1.1, where the client checks it", async () => {
  const accept =
    "HTTP/1.1 101 Odd\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: bad\r\n\r\n";
  await using service = await recordRequests(accept);
  await using mux = await startMux({ "live.test": service.port });
  const client = dialWebSocket("HTTP/1.1 in the clear", mux, "live.test");
  const [error] = await once(client, "error");
  assert.match(error.message, /Sec-WebSocket-Accept/);
});

test("a client that goes in the midst of the handshake is told as one that did, and once", async () => {
  await using service = await startTcp((socket) => socket.resume().on("end", () => socket.end()));
  await using mux = await startMux({ "live.test": service.port });
  const client = net.connect(mux.port, "127.0.0.1");
  client.write(handshake);
  await until(() => service.sockets.size === 1, "the handshake arrives");
  client.destroy();
  await until(() => service.sockets.size === 0, "the service's connection ends");
  await mux.report(() => true);
  assert.deepEqual(endings(mux), [{ how: "reset", by: "client" }]);
});

test("a service that is down is a 502, which is told once", async () => {
  await using mux = await startMux({ "live.test": { to: `http://127.0.0.1:${await freePort()}`, hold: 0 } });
  assert.equal(statusOf(await speak(mux.port, handshake)), 502);
  await mux.stop(1000);
  assert.deepEqual(
    endings(mux).map((ending) => ending.how === "refused" && ending.problem.code),
    ["target-down"],
  );
});

function endings(mux: TestMux) {
  return mux.events.flatMap((event) => (event.type === "connection" ? [event.connection.ending] : []));
}

test("a service that dies in the midst of the handshake is a 502", async () => {
  await using service = await startTcp((socket) => socket.once("data", () => socket.resetAndDestroy()));
  await using mux = await startMux({ "live.test": service.port });
  assert.equal(statusOf(await speak(mux.port, handshake)), 502);
});
