/** Services behind TLS of their own: whom the mux believes, and what it says when it does not. */
import assert from "node:assert/strict";
import { once } from "node:events";
import https from "node:https";
import { before, test } from "node:test";
import { WebSocketServer } from "ws";
import { type Leaf, makeAuthority, makeLeaf } from "../../src/core/authority.ts";
import { makeSelfSigned } from "../../src/core/self-signed.ts";
import { ask, connectBy, digestStuttering, largeBody, until, whole } from "./http-support.ts";
import { listen, type Service, startHttp, startMux, startTcp } from "./support.ts";
import { dialWebSocket } from "./web-socket-support.ts";

const way = "HTTP/1.1 in the clear";
let trusted: string[];
let forLocalhost: Leaf;
let forAddress: Leaf;
let forAnother: Leaf;
let selfSigned: Leaf;

before(async () => {
  const now = new Date();
  const authority = await makeAuthority(now);
  trusted = [authority.rootCertificate];
  forLocalhost = await makeLeaf(authority, "localhost", now);
  forAddress = await makeLeaf(authority, "127.0.0.1", now);
  forAnother = await makeLeaf(authority, "another.test", now);
  selfSigned = await makeSelfSigned("localhost", now);
});

interface SecureService extends Service {
  readonly server: https.Server;
  connections: number;
}

/** An HTTPS service that echoes bodies, and WebSocket messages. */
async function startHttps({ chain, key }: Leaf): Promise<SecureService> {
  const server = https.createServer({ cert: chain, key }, (request, response) => {
    if (request.method === "POST") request.pipe(response);
    else response.end(`secure ${request.headers["x-forwarded-proto"]}`);
  });
  server.on("tlsClientError", () => undefined);
  const webSockets = new WebSocketServer({ server });
  webSockets.on("connection", (socket) => {
    socket.on("error", () => undefined);
    socket.on("message", (data, binary) => socket.send(data, { binary }));
  });
  const service = Object.assign(await listen(server, "127.0.0.1", 0), { server, connections: 0 });
  server.on("secureConnection", () => service.connections++);
  return service;
}

test("a service with a certificate for its name is believed, kept, and streamed through", async () => {
  await using service = await startHttps(forLocalhost);
  await using mux = await startMux({ "shop.test": `https://localhost:${service.port}` }, { trusted });
  await using client = connectBy(way, mux, "shop.test");
  for (let count = 0; count < 3; count++) assert.equal((await whole(client.send())).text, "secure http");
  const { stream, digest } = largeBody(8 * 1024 * 1024);
  const sending = client.send({ method: "POST", body: "open" });
  stream.pipe(sending.body);
  assert.equal(await digestStuttering((await sending.answer).body), digest);
  assert.equal(service.connections, 1);
});

test("a service that is dialled by its address must have a certificate for that address", async () => {
  await using good = await startHttps(forAddress);
  await using bad = await startHttps(forLocalhost);
  await using mux = await startMux(
    { "good.test": `https://127.0.0.1:${good.port}`, "bad.test": `https://127.0.0.1:${bad.port}` },
    { trusted },
  );
  assert.equal((await ask(way, mux, "good.test")).status, 200);
  const refused = await ask(way, mux, "bad.test");
  assert.deepEqual([refused.status, refused.headers["oneport-refusal"]], [502, "target-untrusted"]);
});

for (const [what, leafOf, reason] of [
  ["a certificate that vouches for itself", () => selfSigned, /self-signed/],
  ["a certificate for another name", () => forAnother, /another\.test/],
] as const) {
  test(`a service with ${what} is a 502 that says so, at once, for HTTP and WebSocket`, async () => {
    await using service = await startHttps(leafOf());
    await using mux = await startMux(
      { "shop.test": `https://localhost:${service.port}`, "live.test": `wss://localhost:${service.port}` },
      { trusted },
    );
    const refused = await ask(way, mux, "shop.test");
    assert.deepEqual([refused.status, refused.headers["oneport-refusal"]], [502, "target-untrusted"]);
    assert.match(refused.text, reason);
    assert.doesNotMatch(refused.text, /Node/);
    assert.match(refused.text, /"insecureUpstream": true/);
    const client = dialWebSocket(way, mux, "live.test");
    const [, response] = await once(client, "unexpected-response");
    assert.equal(response.statusCode, 502);
    client.terminate();
  });
}

test("insecureUpstream accepts any certificate, and its connections are lent to no other route", async () => {
  await using service = await startHttps(selfSigned);
  const to = `https://localhost:${service.port}`;
  await using mux = await startMux(
    {
      "any.test": { to, insecureUpstream: true },
      "also.test": { to, insecureUpstream: true },
      "strict.test": to,
    },
    { trusted },
  );
  for (const [host, status] of [
    ["any.test", 200],
    ["strict.test", 502],
    ["also.test", 200],
  ] as const) {
    assert.equal((await ask(way, mux, host)).status, status, host);
  }
  assert.equal(service.connections, 1);
});

test("a service that speaks no TLS is a 502 that says so, whether it answers, hangs up or keeps quiet", async () => {
  await using plain = await startHttp((_request, response) => response.end());
  await using abrupt = await startTcp((socket) => socket.once("data", () => socket.resetAndDestroy()));
  await using polite = await startTcp((socket) => socket.once("data", () => socket.end()));
  await using mux = await startMux({
    "plain.test": `https://127.0.0.1:${plain.port}`,
    "abrupt.test": `https://127.0.0.1:${abrupt.port}`,
    "polite.test": { to: `wss://127.0.0.1:${polite.port}`, insecureUpstream: true },
  });
  for (const [host, reason, remedy] of [
    ["plain.test", "wrong version number", "write http:// in place of https://"],
    ["abrupt.test", "ECONNRESET", "write http:// in place of https://"],
    ["polite.test", "", "write ws:// in place of wss://"],
  ] as const) {
    const refused = await ask(way, mux, host);
    assert.deepEqual([refused.status, refused.headers["oneport-refusal"]], [502, "target-not-tls"], host);
    assert.match(refused.text, new RegExp(`failed: [^:]*${reason}[^:]*\\.\n.*${remedy}`));
  }
});

test("a client that goes during the service's TLS handshake ends it", async () => {
  await using quiet = await startTcp((socket) => socket.resume());
  await using mux = await startMux({ "quiet.test": `https://127.0.0.1:${quiet.port}` });
  await using client = connectBy(way, mux, "quiet.test");
  const sending = client.send();
  await until(() => quiet.sockets.size === 1, "it is dialled");
  sending.abort();
  await until(
    () => [...quiet.sockets].every((socket) => socket.readableEnded || socket.destroyed),
    "it ends",
  );
});

test("wss: messages go through, and when either side dies so does the other", async () => {
  await using service = await startHttps(forLocalhost);
  await using mux = await startMux({ "live.test": `wss://localhost:${service.port}` }, { trusted });
  const client = dialWebSocket("HTTP/1.1 over TLS", mux, "live.test");
  await once(client, "open");
  client.send("hello");
  const [data] = await once(client, "message");
  assert.equal(String(data), "hello");
  for (const socket of service.sockets) socket.resetAndDestroy();
  await once(client, "close");

  const second = dialWebSocket("HTTP/1.1 over TLS", mux, "live.test");
  await once(second, "open");
  second.terminate();
  await until(() => service.sockets.size === 0, "the service's connection ends");
});
