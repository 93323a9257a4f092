import assert from "node:assert/strict";
import net from "node:net";
import { describe, it, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { parseRoutes } from "../../src/core/route.ts";
import { Dialer } from "../../src/mux/dial.ts";
import { Waiting } from "../../src/mux/waiting.ts";
import { ask, until } from "./http-support.ts";
import { connectOwn } from "./pieces.ts";
import { connect, outcome, read } from "./streams.ts";
import { freePort, startHttp, startMux, startTcp } from "./support.ts";

/** Counts every attempt to connect to a port, made by anybody in this process. */
function countAttempts(context: TestContext, port: number): () => number {
  const spied = context.mock.method(net.Socket.prototype, "connect");
  return () =>
    spied.mock.calls.filter(({ arguments: [options] }) => {
      const given: unknown = options;
      return typeof given === "object" && given !== null && "port" in given && given.port === port;
    }).length;
}

const echo = (socket: net.Socket) => void socket.pipe(socket);

describe("Connections to a service that is not up", () => {
  it("wait together: one of them asks every 100 ms, and all are served when it starts", async (context) => {
    const port = await freePort();
    const attempts = countAttempts(context, port);
    await using mux = await startMux({ "late.test": { to: `tcp://127.0.0.1:${port}`, hold: 30 } });

    const clients = await Promise.all(Array.from({ length: 300 }, () => connectOwn(mux, "late.test")));
    const answers = clients.map((client, number) => {
      const words = `I am ${String(number).padStart(3, "0")}`;
      client.write(words);
      return read(client, words.length).then((bytes) => assert.equal(String(bytes), words));
    });
    await until(() => attempts() >= 300, "each has tried for itself");
    await wait(300);
    const before = attempts();
    const start = performance.now();
    await wait(1000);
    const tries = attempts() - before;
    const tenths = (performance.now() - start) / 100;
    assert.ok(tries >= tenths / 3 && tries <= tenths + 2, `${tries} attempts in ${tenths * 100} ms`);

    await using _service = await startTcp(echo, { port });
    await Promise.all(answers);
    assert.ok(attempts() - before <= tries + 300 + 5, "each needed one connection");
    for (const client of clients) client.destroy();
  });

  it("are held for HTTP as well, and served in the same way", async (context) => {
    const port = await freePort();
    const attempts = countAttempts(context, port);
    await using mux = await startMux({ "late.test": `http://127.0.0.1:${port}` });
    const answers = Array.from({ length: 30 }, () => ask("HTTP/1.1 in the clear", mux, "late.test"));
    await until(() => attempts() >= 30, "each has tried for itself");
    await wait(300);
    assert.ok(attempts() < 30 + 20, `${attempts()} attempts`);
    await using _service = await startHttp((_request, response) => void response.end("here"), { port });
    for (const answer of answers) assert.equal((await answer).text, "here");
  });

  it("go on waiting when others leave, also the one that asks", async () => {
    const port = await freePort();
    await using mux = await startMux({ "late.test": `tcp://127.0.0.1:${port}` });

    const leaving = await Promise.all(Array.from({ length: 20 }, () => connectOwn(mux, "late.test")));
    const staying = await Promise.all(Array.from({ length: 20 }, () => connectOwn(mux, "late.test")));
    for (const client of leaving) {
      await wait(15);
      client.resetAndDestroy();
    }
    await using service = await startTcp(echo, { port });
    for (const client of staying) {
      client.write("here");
      assert.equal(String(await read(client, 4)), "here");
    }
    assert.equal(service.sockets.size, 20, "nothing was dialled for those that left");
    for (const client of staying) client.destroy();
  });

  it("are not held up by one that gives up just while it asks", async () => {
    const port = await freePort();
    const { routes } = parseRoutes({ "late.test": `tcp://127.0.0.1:${port}` });
    const [route] = routes;
    assert.ok(route);
    const dialer = new Dialer({
      isOwn: () => false,
      admits: () => true,
      onState: () => undefined,
      onPassedOver: () => undefined,
    });
    const waiters = Array.from({ length: 10 }, () => {
      const waiting = new Waiting();
      return { waiting, dialled: dialer.dialStream(route, { holdMilliseconds: 10_000, waiting }) };
    });
    // Whoever asks is always among the first that are left.
    for (const { waiting, dialled } of waiters.slice(0, 9)) {
      await wait(40);
      waiting.end();
      assert.equal((await dialled).ok, false);
    }
    await using _service = await startTcp(echo, { port });
    const last = await waiters.at(-1)?.dialled;
    assert.ok(last?.ok);
    last.value.socket.destroy();
  });

  it("are given up each after its own time", async () => {
    const port = await freePort();
    const to = `tcp://127.0.0.1:${port}`;
    await using mux = await startMux({ "late.test": { to, hold: 0.6 }, "never.test": { to, hold: 0 } });

    const refuse = async (domain: string) => {
      const start = performance.now();
      const client = await connect(mux.port, mux.addressOf(domain));
      assert.equal((await outcome(client)).error, "ECONNRESET");
      return performance.now() - start;
    };
    const first = refuse("late.test");
    await wait(250);
    const second = refuse("late.test");
    assert.ok((await refuse("never.test")) < 300);
    for (const time of [await first, await second]) assert.ok(time >= 400 && time < 900, `${time} ms`);
    const { ending } = await mux.report(() => true);
    assert.equal(ending.how === "refused" && ending.problem.code, "target-down");
    const told = mux.events.filter(({ type }) => type === "target");
    assert.equal(told.length, 1, "that the service is down is told once");
  });
});
