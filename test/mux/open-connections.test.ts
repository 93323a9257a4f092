/** Who watches the mux is told which connections are open, route by route. */
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import { connect, read } from "./streams.ts";
import { startMux, startTcp } from "./support.ts";

test("who watches hears what is open, and nobody is told otherwise", async () => {
  await using service = await startTcp((socket) => socket.pipe(socket));
  await using mux = await startMux({ "*": `tcp://127.0.0.1:${service.port}` });
  const early = net.connect(mux.port, "127.0.0.1", () => early.write(Buffer.of(0, 1, 2)));
  await once(early, "data");
  assert.deepEqual(
    mux.events.filter(({ type }) => type === "open"),
    [],
  );

  mux.watch(true);
  const { routes: open } = await mux.event("open", ({ routes }) => routes.length > 0);
  assert.deepEqual(
    open.map(({ domain, count }) => [domain, count]),
    [["*", 1]],
  );
  const [connection] = open[0]?.oldest ?? [];
  assert.equal(connection?.client, `127.0.0.1:${early.localPort}`);
  assert.equal(connection?.target, `tcp://127.0.0.1:${service.port}`);
  assert.ok(Math.abs(Date.now() - (connection?.since ?? 0)) < 60_000);

  mux.watch(false);
  early.end();
  await mux.report(({ client }) => client === connection?.client);
  mux.watch(true);
  await mux.event("open", ({ routes }) => routes.length === 0);
});

test("each change is told once, with the 20 oldest of a route, and nobody who has no route yet", async (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  await using service = await startTcp((socket) => socket.pipe(socket));
  await using mux = await startMux({ "*": `tcp://127.0.0.1:${service.port}` });
  const told = () =>
    mux.events.flatMap((event) =>
      event.type === "open" ? [event.routes.map(({ count, oldest }) => [count, oldest.length])] : [],
    );
  const silent = await connect(mux.port);
  mux.watch(true);
  const clients: net.Socket[] = [];
  for (let count = 0; count < 21; count++) {
    const client = await connect(mux.port);
    client.write("ruok\n");
    await read(client, 5);
    clients.push(client);
  }
  assert.deepEqual(told(), [[]], "at once what is open, and nothing more for a while");
  context.mock.timers.tick(500);
  context.mock.timers.tick(500);
  assert.deepEqual(told(), [[], [[21, 20]]]);
  for (const socket of clients) {
    const from = `127.0.0.1:${socket.localPort}`;
    socket.destroy();
    await mux.report(({ client }) => client === from);
  }
  context.mock.timers.tick(500);
  assert.deepEqual(told(), [[], [[21, 20]], []]);
  silent.destroy();
});
