import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { parseRoutes } from "../../src/core/route.ts";
import { Health } from "../../src/mux/health.ts";
import { ask, until } from "./http-support.ts";
import { connect, outcome } from "./streams.ts";
import { freePort, startHttp, startMux, startTcp, type TestMux } from "./support.ts";
import { startWebSocket } from "./web-sockets.ts";

const statesOf = (mux: TestMux, target: string) =>
  mux.events.flatMap((event) => (event.type === "target" && event.target === target ? [event.state] : []));

describe("The health of targets", () => {
  it("is nobody's question while nobody looks and every target answers", async () => {
    let connections = 0;
    await using a = await startTcp((socket) => {
      connections++;
      socket.end("a");
    });
    const to = `tcp://127.0.0.1:${a.port}`;
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const before = timers();
    await using mux = await startMux({ "*": [to, to], "web.test": a.port });
    mux.watch(true);
    await until(() => connections === 3, "the first probes");
    await until(() => timers() > before, "the next ones are planned");
    mux.watch(false);
    await until(() => timers() === before, "nothing is planned any more");
    for (let time = 0; time < 4; time++) {
      const client = await connect(mux.port);
      client.end("\x01");
      await outcome(client);
    }
    assert.equal(connections, 3 + 4);
    await until(() => timers() === before, "nothing is planned by connections either");
  });

  it("is known of all targets within a second of looking, and then of new ones as well", async () => {
    await using up = await startTcp((socket) => socket.end());
    const down = await freePort();
    const routes: Record<string, unknown> = {};
    for (let number = 0; number < 30; number++) {
      routes[`up${number}.test`] = `tcp://127.0.0.${number + 1}:${up.port}`;
      routes[`down${number}.test`] = [`tcp://127.0.0.1:${down}`, `http://localhost:${down}`][number % 2];
    }
    await using mux = await startMux(routes);
    const start = performance.now();
    mux.watch(true);
    // 127.0.0.2 and so on are other addresses, where nothing listens.
    await until(() => mux.events.filter(({ type }) => type === "target").length === 32, "all are told");
    assert.ok(performance.now() - start < 1000);
    assert.deepEqual(statesOf(mux, `tcp://127.0.0.1:${up.port}`), ["up"]);
    assert.deepEqual(statesOf(mux, `tcp://127.0.0.1:${down}`), ["down"]);
    mux.setRoutes({ ...routes, "new.test": `tcp://[::1]:${down}` });
    await mux.event("target", ({ target }) => target === `tcp://[::1]:${down}`);
  });

  it("is asked of HTTP by its health path: what is unwell is passed over, and told only once", async () => {
    let status = 500;
    const asked: (string | undefined)[] = [];
    const unwell = http.createServer(({ url, headers }, response) => {
      if (url === "/health?deep") asked.push(headers.host);
      response.writeHead(url === "/health?deep" ? status : 200).end("unwell");
    });
    await using b = await startHttp((_request, response) => void response.end("well"));
    unwell.listen(0, "127.0.0.1");
    await once(unwell, "listening");
    const address = unwell.address();
    const { port } = typeof address === "object" && address ? address : assert.fail();
    await using mux = await startMux({
      "two.test": { to: [port, b.port], healthPath: "/health?deep", hostHeader: "service" },
      "one.test": { to: `http://127.0.0.1:${port}`, healthPath: "/health?deep" },
    });
    const [shared, alone] = [`http://localhost:${port}`, `http://127.0.0.1:${port}`];

    mux.watch(true);
    await until(() => statesOf(mux, alone).length + statesOf(mux, shared).length === 2, "both are asked");
    assert.deepEqual(asked.sort(), [`127.0.0.1:${port}`, "service"]);
    for (let time = 0; time < 4; time++) {
      assert.equal((await ask("HTTP/1.1 in the clear", mux, "two.test")).text, "well");
      assert.equal((await ask("HTTP/1.1 in the clear", mux, "one.test")).text, "unwell");
    }
    assert.deepEqual(statesOf(mux, shared), ["down"]);
    assert.deepEqual(statesOf(mux, alone), ["down"], "a connection alone does not make it well");
    const told = await mux.event("target", ({ target }) => target === alone);
    assert.match(told.reason ?? "", /\/health\?deep answered 500/);

    status = 204;
    let text = "";
    while (text !== "unwell") {
      text = (await ask("HTTP/1.1 in the clear", mux, "two.test")).text;
      await wait(20);
    }
    assert.deepEqual(statesOf(mux, shared), ["down", "up"]);
    unwell.close();
    unwell.closeAllConnections();
  });

  it("is asked of WebSocket services by a handshake on their path", async () => {
    const paths: string[] = [];
    await using service = await startWebSocket((_webSocket, path) => paths.push(path));
    await using web = await startHttp((_request, response) => void response.end());
    await using mux = await startMux({
      "a.test": `ws://127.0.0.1:${service.port}/live`,
      "b.test": `tcp+ws://127.0.0.1:${service.port}/tunnel`,
      "c.test": `ws://127.0.0.1:${web.port}`,
    });
    mux.watch(true);
    await until(() => mux.events.filter(({ type }) => type === "target").length === 3, "all are told");
    assert.deepEqual(paths.sort(), ["/live", "/tunnel"]);
    assert.deepEqual(statesOf(mux, `ws://127.0.0.1:${service.port}/live`), ["up"]);
    assert.deepEqual(statesOf(mux, `tcp+ws://127.0.0.1:${service.port}/tunnel`), ["up"]);
    assert.deepEqual(statesOf(mux, `ws://127.0.0.1:${web.port}`), ["down"]);
  });

  it("is bad where a service takes connections and then says nothing for 3 s", async () => {
    await using mute = await startTcp((socket) => void socket.on("end", () => socket.end()).resume());
    const targets = ["https", "ws", "wss", "tcp+wss"].map((scheme) => `${scheme}://127.0.0.1:${mute.port}`);
    await using mux = await startMux({
      ...Object.fromEntries(targets.map((target, number) => [`t${number}.test`, target])),
      "web.test": { to: `http://127.0.0.1:${mute.port}`, healthPath: "/" },
    });
    mux.watch(true);
    for (const target of [...targets, `http://127.0.0.1:${mute.port}`]) {
      const { state } = await mux.event("target", (event) => event.target === target);
      assert.equal(state, "down", target);
    }
    mux.watch(false);
    await until(() => mute.sockets.size === 0, "no probe is left");
  });
});

/** Probes that are answered when the test says so. */
function startHealth(targets: number) {
  const { routes } = parseRoutes({ "a.test": Array.from({ length: targets }, (_, number) => number + 1) });
  const asked: number[] = [];
  const open: (() => void)[] = [];
  const health = new Health(({ target }) => {
    asked.push(target.port);
    return new Promise((resolve) => open.push(resolve));
  });
  const answer = async () => {
    for (const resolve of open.splice(0)) resolve();
    await new Promise(setImmediate);
  };
  const [route] = routes;
  const [target] = route?.targets ?? [];
  if (!route || !target) throw new Error("No route.");
  return { health, routes, checked: { route, target }, asked, answer };
}

describe("Health", () => {
  it("asks about 8 targets at once, and about the next as one has answered", async () => {
    const { health, routes, asked, answer } = startHealth(20);
    health.watch(routes);
    for (const count of [8, 16, 20, 20]) {
      assert.equal(asked.length, count);
      await answer();
    }
    assert.deepEqual(
      asked.sort((a, b) => a - b),
      Array.from({ length: 20 }, (_, number) => number + 1),
    );
    health.watch(undefined);
  });

  it("forgets those that still wait for their turn when nobody looks any more", async () => {
    const { health, routes, asked, answer } = startHealth(20);
    health.watch(routes);
    health.watch(undefined);
    for (const _ of routes) await answer();
    assert.equal(asked.length, 8);
  });

  it("asks again 4 to 6 s after an answer, until nobody looks", async (context) => {
    context.mock.timers.enable({ apis: ["setTimeout"] });
    const { health, routes, asked, answer } = startHealth(3);
    health.watch(routes);
    for (let round = 1; round < 5; round++) {
      assert.equal(asked.length, 3 * round);
      context.mock.timers.tick(20_000);
      assert.equal(asked.length, 3 * round, "not while the answer is awaited");
      await answer();
      context.mock.timers.tick(3999);
      assert.equal(asked.length, 3 * round);
      context.mock.timers.tick(2001);
    }
    health.watch(undefined);
    await answer();
    context.mock.timers.tick(60_000);
    assert.equal(asked.length, 15);
  });

  it("asks about a target that is passed over once a second, and no more after that", async (context) => {
    context.mock.timers.enable({ apis: ["setTimeout"] });
    let now = 0;
    context.mock.method(performance, "now", () => now);
    const { health, checked, asked, answer } = startHealth(2);
    for (const [time, count] of [
      [0, 1],
      [1, 1],
      [999, 1],
      [1000, 2],
      [1999, 2],
      [2000, 3],
    ] as const) {
      now = time;
      health.passedOver(checked);
      assert.equal(asked.length, count, `at ${time}`);
      await answer();
    }
    context.mock.timers.tick(60_000);
    assert.equal(asked.length, 3);
  });
});
