/** WebSocket over HTTP/2 (RFC 8441): to the service it is the handshake of HTTP/1.1 all the same. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type http from "node:http";
import { Readable } from "node:stream";
import { test } from "node:test";
import { createWebSocketStream, type WebSocket } from "ws";
import { digestStuttering, largeBody, openSession, readBroken, text, until } from "./http-support.ts";
import { recordRequests } from "./raw-service.ts";
import { startHttp, startMux, startTcp } from "./support.ts";
import {
  clientFrame,
  closePayload,
  dialHttp2,
  intoFrames,
  opcode,
  readFrames,
  startWebSocket,
} from "./web-socket-support.ts";

const large = 48 * 1024 * 1024;

test("messages go both ways, and the service sees a handshake with a key of the mux's own", async () => {
  let asked: http.IncomingMessage | undefined;
  await using service = await startWebSocket((socket) =>
    socket.on("message", (data) => socket.send(`heard ${data}`)),
  );
  service.webSockets.on("connection", (_socket, request) => {
    asked = request;
  });
  await using mux = await startMux({ "live.test": service.port });
  await using client = await dialHttp2(mux, "live.test", { origin: "https://shop.test" });
  // Before the answer: a client that trusts its luck.
  client.stream.write(clientFrame(opcode.text, "hello"));
  const { ":status": status, ...headers } = await client.headers;
  assert.equal(status, 200);
  assert.deepEqual(Object.keys(headers), ["date"]);
  const { value: frame } = await readFrames(client.stream).next();
  assert.equal(String(frame?.payload), "heard hello");
  assert.equal(asked?.method, "GET");
  assert.equal(asked?.url, "/live?x=1");
  assert.equal(asked?.headers.host, "live.test");
  assert.equal(asked?.headers.origin, "https://shop.test");
  assert.equal(asked?.headers["x-forwarded-proto"], "https");
  assert.equal(Buffer.from(asked?.headers["sec-websocket-key"] ?? "", "base64").length, 16);
});

test("a key that the client sends all the same goes no further", async () => {
  await using service = await recordRequests();
  await using mux = await startMux({ "live.test": service.port });
  await using client = await dialHttp2(mux, "live.test", { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" });
  await client.headers;
  const keys = service.requests[0]?.valuesOf("sec-websocket-key") ?? [];
  assert.equal(keys.length, 1);
  assert.notEqual(keys[0], "dGhlIHNhbXBsZSBub25jZQ==");
});

test("subprotocol and extensions are agreed on between client and service", async () => {
  await using service = await startWebSocket(() => undefined, {
    protocol: "chat.v2",
    perMessageDeflate: true,
  });
  await using mux = await startMux({ "live.test": service.port });
  await using client = await dialHttp2(mux, "live.test", {
    "sec-websocket-protocol": "chat.v1, chat.v2",
    "sec-websocket-extensions": "permessage-deflate",
  });
  const headers = await client.headers;
  assert.equal(headers["sec-websocket-protocol"], "chat.v2");
  assert.equal(headers["sec-websocket-extensions"], "permessage-deflate");
});

test("close codes and reasons go both ways, and the stream ends", async () => {
  const heard = Promise.withResolvers<[number, string]>();
  await using service = await startWebSocket((socket) => {
    socket.on("close", (code, reason) => heard.resolve([code, String(reason)]));
    socket.on("message", () => socket.close(4001, "the service has had enough"));
  });
  await using mux = await startMux({ "live.test": service.port });
  await using first = await dialHttp2(mux, "live.test");
  first.stream.end(clientFrame(opcode.close, closePayload(4002, "the client has had enough")));
  assert.deepEqual(await heard.promise, [4002, "the client has had enough"]);
  await using second = await dialHttp2(mux, "live.test");
  second.stream.write(clientFrame(opcode.text, "enough"));
  const frames = readFrames(second.stream);
  const { value: frame } = await frames.next();
  assert.equal(frame?.opcode, opcode.close);
  assert.deepEqual(frame?.payload, closePayload(4001, "the service has had enough"));
  second.stream.write(clientFrame(opcode.close, closePayload(4001, "")));
  assert.equal((await frames.next()).done, true);
});

for (const status of [401, 404]) {
  test(`a service that refuses with ${status} is heard, body and all`, async () => {
    await using service = await startHttp((_request, response) => {
      response.writeHead(status, { "x-why": "because" }).end("not you");
    });
    await using mux = await startMux({ "live.test": service.port });
    await using client = await dialHttp2(mux, "live.test");
    const headers = await client.headers;
    assert.equal(headers[":status"], status);
    assert.equal(headers["x-why"], "because");
    assert.equal(await text(client.stream), "not you");
    await until(() => service.sockets.size === 0, "the service's connection ends");
  });
}

test("48 MB come back unharmed through a stuttering reader", async () => {
  await using service = await startWebSocket((socket) => {
    const stream = createWebSocketStream(socket);
    stream.on("error", () => undefined);
    stream.pipe(stream);
  });
  await using mux = await startMux({ "live.test": service.port });
  await using client = await dialHttp2(mux, "live.test");
  const { stream: body, digest } = largeBody(large);
  body.pipe(intoFrames()).pipe(client.stream, { end: false });
  const payloads = Readable.from(payloadsOf(client.stream));
  assert.equal(await digestStuttering(payloads, large), digest);
});

async function* payloadsOf(stream: Readable): AsyncGenerator<Buffer> {
  for await (const { payload } of readFrames(stream)) yield payload;
}

test("when either side dies, so does the other, and the HTTP/2 connection lives on", async () => {
  let atService: WebSocket | undefined;
  await using service = await startWebSocket((socket) => {
    atService = socket;
  });
  await using mux = await startMux({ "live.test": service.port });
  await using client = await dialHttp2(mux, "live.test");
  await client.headers;
  for (const socket of service.sockets) socket.resetAndDestroy();
  assert.equal((await readBroken(client.stream)).whole, false);
  assert.equal(client.stream.session?.closed ?? false, false);

  await using second = await dialHttp2(mux, "live.test");
  await second.headers;
  let ended = false;
  for (const socket of service.sockets) {
    socket.once("end", () => {
      ended = true;
    });
  }
  second.stream.destroy(new Error("given up"));
  await until(() => atService?.readyState === 3, "the service sees it go");
  assert.equal(ended, false, "it was a reset, not an end");
});

test("a service that answers with a wrong Sec-WebSocket-Accept is a 502", async () => {
  const accept =
    "HTTP/1.1 101 Odd\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: bad\r\n\r\n";
  await using service = await recordRequests(accept);
  await using mux = await startMux({ "live.test": service.port });
  await using client = await dialHttp2(mux, "live.test");
  const headers = await client.headers;
  assert.equal(headers[":status"], 502);
  assert.equal(headers["oneport-refusal"], "target-broke-off");
  assert.match(await text(client.stream), /Sec-WebSocket-Accept/);
});

test("a service that dies in the midst of the handshake is a 502", async () => {
  await using service = await startTcp((socket) => socket.once("data", () => socket.resetAndDestroy()));
  await using mux = await startMux({ "live.test": service.port });
  await using client = await dialHttp2(mux, "live.test");
  assert.equal((await client.headers)[":status"], 502);
});

test("headers of one connection beside the service's 101 do not get into HTTP/2", async () => {
  await using service = await startWebSocket(() => undefined);
  service.webSockets.on("headers", (headers) =>
    headers.push("Keep-Alive: timeout=5", "Content-Length: 0", "X-Kept: 1"),
  );
  await using mux = await startMux({ "live.test": service.port });
  await using client = await dialHttp2(mux, "live.test");
  const { ":status": status, ...headers } = await client.headers;
  assert.equal(status, 200);
  assert.deepEqual(Object.keys(headers).sort(), ["date", "x-kept"]);
});

test("an extended CONNECT for anything but WebSocket, and a plain one, are 501", async () => {
  await using service = await recordRequests();
  await using mux = await startMux({ "live.test": service.port });
  const session = openSession(mux, "live.test");
  await once(session, "remoteSettings");
  const extended = { ":protocol": "connect-udp", ":scheme": "https", ":path": "/" };
  for (const headers of [extended, {}]) {
    const stream = session.request({ ":method": "CONNECT", ":authority": "live.test", ...headers });
    const [answer] = await once(stream, "response");
    assert.equal(answer[":status"], 501);
    stream.close();
  }
  session.destroy();
  assert.deepEqual(service.requests, []);
});
