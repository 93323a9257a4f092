/** Requests for other protocols than WebSocket, and such as are no proper requests for one. */
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import { connectBy, speak, statusOf, until, whole } from "./http-support.ts";
import { recordRequests } from "./raw-service.ts";
import { connect, outcome, turn } from "./streams.ts";
import { startHttp, startMux, startTcp } from "./support.ts";

function request(headers: string, line = "GET / HTTP/1.1"): string {
  return `${line}\r\nHost: shop.test\r\n${headers}\r\n`;
}

test("“Upgrade: h2c” is served as HTTP/1.1, as often as it is asked, and the service hears nothing of it", async () => {
  await using service = await recordRequests();
  await using mux = await startMux({ "shop.test": service.port });
  {
    await using client = connectBy("HTTP/1.1 in the clear", mux, "shop.test");
    const headers = { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AAMAAABk" };
    for (let count = 0; count < 20; count++) assert.equal((await whole(client.send({ headers }))).text, "ok");
  }
  assert.equal((await mux.report(() => true)).requests, 20);
  for (const { valuesOf } of service.requests) {
    assert.deepEqual([...valuesOf("upgrade"), ...valuesOf("http2-settings")], []);
  }
});

test("“Upgrade: h2c” leaves the rest of the request as it was: body, close and private headers", async () => {
  await using service = await recordRequests();
  await using mux = await startMux({ "shop.test": service.port });
  const answer = await speak(
    mux.port,
    `${request("Connection: Upgrade, close, X-Mine\r\nUpgrade: h2c\r\nX-Mine: 1\r\nContent-Length: 3\r\n", "POST /a HTTP/1.1")}abc`,
  );
  assert.equal(statusOf(answer), 200);
  const [received] = service.requests;
  assert.equal(received?.line, "POST /a HTTP/1.1");
  assert.equal(received?.body, "abc");
  assert.deepEqual(received?.valuesOf("x-mine"), []);
});

test("a request for another protocol that has a body is served as if it had not asked", async () => {
  await using service = await recordRequests();
  await using mux = await startMux({ "shop.test": service.port });
  const head = "Connection: Upgrade, close\r\nUpgrade: websocket\r\nContent-Length: 3\r\n";
  assert.equal(statusOf(await speak(mux.port, `${request(head, "POST / HTTP/1.1")}abc`)), 200);
  assert.deepEqual(
    service.requests.map(({ body }) => body),
    ["abc"],
  );
});

test("where the service stays with HTTP, its answer says that it is the last on the connection", async () => {
  await using service = await recordRequests();
  await using mux = await startMux({ "shop.test": service.port });
  const answer = await speak(mux.port, request("Connection: Upgrade\r\nUpgrade: websocket\r\n"));
  assert.equal(statusOf(answer), 200);
  assert.match(answer, /\r\nConnection: close\r\n/i);
});

test("a client that ends once it is being answered in HTTP gets the rest of the answer", async () => {
  await using service = await startTcp((socket) => {
    socket.once("data", () => socket.write("HTTP/1.1 401 Unauthorized\r\nContent-Length: 6\r\n\r\nnot "));
  });
  await using mux = await startMux({ "shop.test": service.port });
  const client = await connect(mux.port);
  client.write(request("Connection: Upgrade\r\nUpgrade: websocket\r\n"));
  const answer = outcome(client);
  await once(client, "data");
  client.end();
  for (let turns = 0; turns < 3; turns++) await turn();
  for (const socket of service.sockets) socket.write("ok");
  const { bytes, error } = await answer;
  assert.equal(error, undefined);
  assert.match(String(bytes), /not ok$/);
});

test("any other protocol passes, and half-closes and bytes behind it are its own", async () => {
  await using service = await startTcp((socket) => {
    let received = "";
    socket.on("data", (chunk) => {
      received += chunk;
      if (received.endsWith("\r\n\r\n"))
        socket.write(
          "HTTP/1.1 101 Fine\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nX-N: \xfc\r\n\r\nwelcome ",
          "latin1",
        );
    });
    socket.on("end", () => socket.end(`heard ${received.slice(received.indexOf("\r\n\r\n") + 4)}`));
  });
  await using mux = await startMux({ "shop.test": service.port });
  const socket = net.connect({ port: mux.port, host: "127.0.0.1", allowHalfOpen: true });
  let answer = "";
  socket.on("data", (chunk) => {
    answer += chunk.toString("latin1");
  });
  socket.write(request("Connection: Upgrade\r\nUpgrade: tcp\r\n", "POST /attach HTTP/1.1"));
  await until(() => answer.endsWith("welcome "), "the service agrees");
  assert.match(answer, /^HTTP\/1\.1 101 .*X-N: \xfc\r\n/s);
  socket.end("bytes");
  await until(() => answer.endsWith("heard bytes"), "the service has the last word");
  const { ending } = await mux.report(() => true);
  assert.deepEqual(ending, { how: "closed" });
});

for (const way of ["ends", "breaks off"] as const) {
  test(`a client that ${way} before its wish for another protocol is answered leaves nothing open`, async () => {
    await using service = await startHttp(() => undefined);
    await using mux = await startMux({ "shop.test": service.port });
    const socket = net.connect(mux.port, "127.0.0.1");
    socket.write(request("Connection: Upgrade\r\nUpgrade: tcp\r\n"));
    await until(() => service.sockets.size === 1, "the service is asked");
    if (way === "ends") socket.end();
    else socket.destroy();
    assert.deepEqual((await mux.report(() => true)).ending, { how: "reset", by: "client" });
    await until(() => service.sockets.size === 0, "the service's connection ends");
  });
}

test("a request for another protocol behind one that is not answered yet ends the connection", async () => {
  await using service = await startHttp(() => undefined);
  await using mux = await startMux({ "shop.test": service.port });
  const answer = await speak(
    mux.port,
    // With "TE" a request is not relayed, and what is behind it does not wait for its turn.
    request("TE: trailers\r\n") + request("Connection: Upgrade\r\nUpgrade: websocket\r\n"),
  );
  assert.equal(answer, "");
  const { ending } = await mux.report(() => true);
  assert.equal(ending.how, "refused");
  await until(() => service.sockets.size === 0, "the service's connection ends");
});

test("behind an answer, a kept-alive connection may ask for another protocol", async () => {
  await using service = await startHttp((_request, response) => response.end("plain"));
  service.server.on("upgrade", (_request, socket) => {
    socket.end("HTTP/1.1 101 Fine\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nswitched");
  });
  await using mux = await startMux({ "shop.test": service.port });
  const socket = net.connect(mux.port, "127.0.0.1");
  let answer = "";
  socket.on("data", (chunk) => {
    answer += chunk;
  });
  socket.write(request(""));
  await until(() => answer.endsWith("plain"), "the first answer is there");
  socket.write(request("Connection: Upgrade\r\nUpgrade: tcp\r\n"));
  await until(() => answer.endsWith("switched"), "the second too");
  socket.destroy();
});

test("a refused request for another protocol is told why, in the mux's own name", async () => {
  await using mux = await startMux({});
  const answer = await speak(mux.port, request("Connection: Upgrade\r\nUpgrade: websocket\r\n"));
  assert.equal(statusOf(answer), 404);
  assert.match(answer, /Oneport-Refusal: no-route/);
  const { ending } = await mux.report(() => true);
  assert.equal(ending.how, "refused");
});
