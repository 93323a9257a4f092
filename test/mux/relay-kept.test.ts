/** Connections to services that are kept between requests: which are, for how long, and how many. */
import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import net from "node:net";
import { test } from "node:test";
import { parseRoutes } from "../../src/core/route.ts";
import { Pool } from "../../src/mux/relay/pool.ts";
import { Upstream } from "../../src/mux/relay/upstream.ts";
import { text, until } from "./http-support.ts";
import { startFront } from "./relay-fronts.ts";
import { dial, get, ok, startAnswering, startService } from "./relay-support.ts";

test("what a service says beyond its answer reaches nobody, and its connection is not used again", async () => {
  let connections = 0;
  await using service = await startService((socket) => {
    connections++;
    socket.write(`${ok}HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray`);
  });
  await using front = await startFront("relay", { "shop.test": service.port });
  const { socket, answers, received } = await dial(front.port);
  for (let count = 1; count <= 3; count++) {
    socket.write(`${get}\r\n`);
    await until(() => answers().length === count, "an answer");
  }
  assert.doesNotMatch(received(), /stray/);
  assert.equal(connections, 3);
  socket.destroy();
});

test("what a service says unasked ends its connection and reaches nobody", async () => {
  await using service = await startAnswering();
  await using front = await startFront("relay", { "shop.test": service.port });
  const { socket, answers, received } = await dial(front.port);
  socket.write(`${get}\r\n`);
  await until(() => answers().length === 1, "an answer");
  for (const idle of service.sockets) idle.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray");
  await until(() => service.sockets.size === 0, "the connection ends");
  socket.write(`${get}\r\n`);
  await until(() => answers().length === 2, "the next answer");
  assert.doesNotMatch(received(), /stray/);
  assert.equal(service.asked.size, 2);
  socket.destroy();
});

test("the end of a connection that is in use leaves those that are kept", async () => {
  const asked: net.Socket[] = [];
  await using service = await startService((socket) => asked.push(socket));
  await using front = await startFront("relay", { "shop.test": service.port });
  const [first, second] = [await dial(front.port), await dial(front.port)];
  for (const { socket } of [first, second]) socket.write(`${get}\r\n`);
  await until(() => asked.length === 2, "both are asked");
  asked[0]?.write(ok);
  await until(() => first.answers().length + second.answers().length === 1, "one is answered");
  asked[1]?.destroy();
  await until(() => first.answers().length + second.answers().length === 2, "the other is refused");
  first.socket.write(`${get}\r\n`);
  await until(() => asked.length === 3, "the next request arrives");
  assert.equal(asked[2], asked[0]);
  for (const { socket } of [first, second]) socket.destroy();
});

test("a connection that has just been let go of is not used again", async () => {
  await using service = await startAnswering();
  const [target] = parseRoutes({ "shop.test": service.port }).routes[0]?.targets ?? [];
  assert.ok(target);
  const socket = net.connect(service.port, "127.0.0.1");
  await once(socket, "connect");
  const pool = new Pool();
  const upstream = new Upstream({ target, fresh: socket, raw: socket }, "shop", pool.forget);
  pool.put(upstream);
  assert.equal(pool.take("shop"), upstream);
  pool.put(upstream);
  pool.letGoOfIdle();
  assert.equal(pool.take("shop"), undefined);
  await once(socket, "close");
});

test("hundreds of requests in a row share one connection to the service", async () => {
  await using service = await startAnswering();
  await using front = await startFront("relay", { "shop.test": service.port });
  const { socket, answers } = await dial(front.port);
  socket.write(`${get}\r\n`.repeat(300));
  await until(() => answers().length === 300, "the answers");
  assert.equal(service.asked.size, 1);
  socket.destroy();
});

test("a route that is to close its service's connections does so, though the service would keep them", async () => {
  await using service = await startAnswering();
  const to = `http://127.0.0.1:${service.port}`;
  await using front = await startFront("relay", { "shop.test": { to, closeUpstream: true } });
  await askTwice(front.port);
  assert.equal(service.asked.size, 2);
});

test("a connection that the service keeps for a moment only is not used after it", async () => {
  await using service = await startAnswering(
    "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 0\r\n\r\n",
  );
  await using front = await startFront("relay", { "shop.test": service.port });
  await askTwice(front.port);
  assert.equal(service.asked.size, 2);
});

test("a connection that the service keeps for a while is used again within it, and not after it", async (context) => {
  let later = 0;
  const now = performance.now.bind(performance);
  context.mock.method(performance, "now", () => now() + later);
  await using service = await startAnswering(
    "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n",
  );
  await using front = await startFront("relay", { "shop.test": service.port });
  const { socket, answers } = await dial(front.port);
  for (const [at, [milliseconds, connections]] of (
    [
      [0, 1],
      [2000, 1],
      [7000, 2],
    ] as const
  ).entries()) {
    later = milliseconds;
    socket.write(`${get}\r\n`);
    await until(() => answers().length === at + 1, "an answer");
    assert.equal(service.asked.size, connections, `after ${milliseconds} ms`);
  }
  await until(() => service.sockets.size === 1, "the one that is too old ends");
  socket.destroy();
});

test("no more than 256 connections are kept, though others were kept before and have gone", async () => {
  const asked: net.Socket[] = [];
  await using service = await startService((socket) => asked.push(socket));
  await using other = await startService((socket) => asked.push(socket));
  const routes = { "shop.test": service.port, "other.test": other.port };
  await using front = await startFront("relay", routes, "HTTP/2");
  // One alone may not ask for more than 256 things at once.
  const sessions = [0, 1].map(() => http2.connect(`http://127.0.0.1:${front.port}`));
  const askAtOnce = async (each: number, authority = "shop.test") => {
    const requests = sessions.flatMap((session) =>
      Array.from({ length: each }, () => session.request({ ":authority": authority })),
    );
    const answers = Promise.all(requests.map(text));
    await until(() => asked.length === requests.length, "all are asked");
    for (const socket of asked.splice(0)) socket.write(ok);
    assert.deepEqual(new Set(await answers), new Set(["ok"]));
  };
  for (const [to, authority] of [
    [service, "shop.test"],
    [other, "other.test"],
  ] as const) {
    await askAtOnce(10, authority);
    for (const idle of to.sockets) idle.destroy();
    await until(() => to.sockets.size === 0, "those that were kept are gone");
  }
  await askAtOnce(150);
  await until(() => service.sockets.size <= 256, "those beyond the limit end");
  await askAtOnce(1);
  assert.equal(service.sockets.size, 256);
  for (const session of sessions) session.destroy();
});

test("a connection whose client had not read all of the answer when it was over carries the next one", async () => {
  let heard = "";
  await using service = await startService((socket, said) => {
    heard += said;
    if (said.startsWith("GET ")) socket.write(ok);
  });
  await using front = await startFront("relay", { "shop.test": service.port });
  const slow = await dial(front.port);
  slow.socket.pause();
  slow.socket.write("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 8\r\n\r\nhalf");
  await until(() => heard.endsWith("half"), "the service is asked");
  const [client] = front.clients;
  const [busy] = service.sockets;
  assert.ok(client && busy);
  const { socket } = client;
  const answer = async (text: string) => {
    const before = socket.bytesWritten;
    busy.write(text);
    await until(() => socket.bytesWritten >= before + text.length, "it is passed on");
  };
  const chunk = (length: number) => `${length.toString(16)}\r\n${"a".repeat(length)}\r\n`;
  busy.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  // As much as the client takes unread, and just less than what makes its service wait.
  while (socket.writableLength < socket.writableHighWaterMark - 3000)
    await answer(chunk(socket.writableLength === 0 ? 32_768 : 1000));
  await answer(`${chunk(4000)}0\r\n\r\n`);
  slow.socket.write("rest");
  await until(() => heard.endsWith("rest"), "the request is whole as well");
  const next = await dial(front.port);
  next.socket.write(`${get}\r\n`);
  await until(() => next.answers().length === 1, "the next answer");
  assert.equal(service.sockets.size, 1);
  for (const each of [slow, next]) each.socket.destroy();
});

/** Two requests on one connection, the second once the first has been answered. */
async function askTwice(port: number): Promise<void> {
  const { socket, answers } = await dial(port);
  for (let count = 1; count <= 2; count++) {
    socket.write(`${get}\r\n`);
    await until(() => answers().length === count, "an answer");
  }
  socket.destroy();
}
