/** Who watches the mux is told which connections are open, route by route. */
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
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
