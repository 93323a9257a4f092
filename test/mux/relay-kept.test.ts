/** Connections to services that are kept between requests: which are, for how long, and how many. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "./http-support.ts";
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
  const { socket, answers } = await dial(front.port);
  for (let count = 1; count <= 2; count++) {
    socket.write(`${get}\r\n`);
    await until(() => answers().length === count, "an answer");
  }
  assert.equal(service.asked.size, 2);
  socket.destroy();
});

test("a connection that the service keeps for a moment only is not used after it", async () => {
  await using service = await startAnswering(
    "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 0\r\n\r\n",
  );
  await using front = await startFront("relay", { "shop.test": service.port });
  const { socket, answers } = await dial(front.port);
  for (let count = 1; count <= 2; count++) {
    socket.write(`${get}\r\n`);
    await until(() => answers().length === count, "an answer");
  }
  assert.equal(service.asked.size, 2);
  socket.destroy();
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
  socket.destroy();
});
