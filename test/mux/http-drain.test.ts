/** How HTTP connections end when the mux does. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type http from "node:http";
import net from "node:net";
import { test } from "node:test";
import { connectBy, openSession, readBroken, text, until, ways, whole } from "./http-support.ts";
import { connectTls, outcome } from "./streams.ts";
import { startHttp, startMux } from "./support.ts";
import { dialWebSocket, startWebSocket } from "./web-socket-support.ts";

/** Longer than any of these tests may take: what ends, ends by itself. */
const grace = 60_000;

for (const way of ways) {
  test(`${way}: an answer in flight is finished, and then the connection ends`, async () => {
    let finish = () => {};
    await using service = await startHttp((_request, response) => {
      response.write("begun, ");
      finish = () => response.end("finished");
    });
    await using mux = await startMux({ "shop.test": service.port });
    await using client = connectBy(way, mux, "shop.test");
    const { body } = await client.send().answer;
    const stopped = mux.stop(grace);
    finish();
    assert.equal(await text(body), "begun, finished");
    await stopped;
  });

  test(`${way}: a kept-alive connection that is idle ends at once`, async () => {
    await using service = await startHttp((_request, response) => response.end());
    await using mux = await startMux({ "shop.test": service.port });
    await using client = connectBy(way, mux, "shop.test");
    await whole(client.send());
    await mux.stop(grace);
    await until(() => service.sockets.size === 0, "kept connections to the service end, too");
  });

  test(`${way}: what does not end in time is ended`, async () => {
    await using service = await startHttp((_request, response) => response.write("begun"));
    await using mux = await startMux({ "shop.test": service.port });
    await using client = connectBy(way, mux, "shop.test");
    const { body } = await client.send().answer;
    const reading = readBroken(body);
    await mux.stop(50);
    assert.equal((await reading).whole, false);
    const { ending } = await mux.report(() => true);
    assert.deepEqual(ending, { how: "stopped" });
  });
}

test("a request that comes while the mux drains is the last of its connection", async () => {
  const waiting: http.ServerResponse[] = [];
  await using service = await startHttp((_request, response) => waiting.push(response));
  await using mux = await startMux({ "shop.test": service.port });
  const socket = net.connect(mux.port, "127.0.0.1");
  let answer = "";
  socket.on("data", (chunk) => {
    answer += chunk;
  });
  socket.on("end", () => socket.end());
  // With "TE" it is not relayed: Node's server has it.
  const request = "GET / HTTP/1.1\r\nHost: shop.test\r\nTE: trailers\r\n\r\n";
  socket.write(request);
  await until(() => waiting.length === 1, "the first arrives");
  const stopped = mux.stop(grace);
  socket.write(request);
  waiting[0]?.end("ok");
  await until(() => waiting.length === 2, "the second arrives");
  waiting[1]?.end("ok");
  await stopped;
  if (!socket.closed) await once(socket, "close");
  assert.equal(answer.match(/\r\n\r\nok/g)?.length, 2);
  assert.match(answer, /Connection: close/);
});

for (const protocol of ["http/1.1", "h2"]) {
  test(`${protocol}: a connection that has just come ends by itself, though it never asks for anything`, async () => {
    await using mux = await startMux({ "shop.test": 1 });
    const client = await connectTls(mux, "shop.test", { ALPNProtocols: [protocol] });
    const over = outcome(client);
    await mux.stop(grace);
    assert.equal((await over).error, undefined);
    assert.deepEqual((await mux.report(() => true)).ending, { how: "closed" });
  });
}

test("an HTTP/2 client is told to go away, and its open streams finish", async () => {
  const waiting: http.ServerResponse[] = [];
  await using service = await startHttp((_request, response) => waiting.push(response));
  await using mux = await startMux({ "shop.test": service.port });
  const session = openSession(mux, "shop.test");
  const stream = session.request({ ":path": "/" });
  await until(() => waiting.length === 1, "the request arrives");
  const told = once(session, "goaway");
  const stopped = mux.stop(grace);
  const body = text(stream);
  const [code] = await told;
  assert.equal(code, 0);
  waiting[0]?.end("finished");
  assert.equal(await body, "finished");
  await stopped;
  session.destroy();
});

test("an open WebSocket lasts through the grace period, and no longer", async () => {
  await using service = await startWebSocket(() => undefined);
  await using mux = await startMux({ "live.test": service.port });
  const client = dialWebSocket("HTTP/1.1 in the clear", mux, "live.test");
  await once(client, "open");
  const since = performance.now();
  await mux.stop(150);
  assert.ok(performance.now() - since >= 140);
  if (client.readyState !== client.CLOSED) await once(client, "close");
  await until(() => service.sockets.size === 0, "the service's connection ends");
});
