import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import dns from "node:dns/promises";
import { once } from "node:events";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import { describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { parseTarget } from "../../src/core/parse-target.ts";
import { parseRoutes } from "../../src/core/route.ts";
import { alertRecord, tlsAlert } from "../../src/core/tls-alert.ts";
import { Dialer } from "../../src/mux/dial.ts";
import { Reach } from "../../src/mux/reach.ts";
import { Waiting } from "../../src/mux/waiting.ts";
import { captured } from "../core/hex-fixtures.ts";
import { until } from "./http-support.ts";
import { connect, connectTls, outcome, read, turn } from "./streams.ts";
import { freePort, startMux, startTcp, type TestMux } from "./support.ts";

const hello = captured("openssl_sclient_sni");
const words = "- words without a name\n";

/** What the service behind `*` answers to one connection. */
async function ask(mux: TestMux): Promise<string> {
  const client = await connect(mux.port);
  client.end(words);
  return String((await outcome(client)).bytes);
}

/** The connected sockets of this process, at either end. */
function openSockets(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
}

/** A port that was the system's to give a moment ago. */
async function portOnce(host: string): Promise<number> {
  await using service = await startTcp(() => undefined, { host });
  return service.port;
}

/** A socket that connects to itself, as one of many tries may do by chance. */
function introvert(host: string): net.Socket {
  const socket = new net.Socket();
  const ordinary = socket.connect.bind(socket);
  const connect = (options: net.TcpNetConnectOpts) =>
    ordinary({ ...options, localPort: options.port, localAddress: host });
  return Object.assign(socket, { connect });
}

const startSaying = (word: string) =>
  startTcp((socket) => {
    socket.resume();
    socket.end(word);
  });

describe("A service that is not up yet", () => {
  it("is waited for, by plain and TLS clients alike, and is told down and then up", async () => {
    const port = await freePort();
    await using mux = await startMux({ "*": `tcp://127.0.0.1:${port}` });
    const plain = await connect(mux.port);
    plain.end(words);
    const answer = outcome(plain);
    const secured = connectTls(mux, "late.test", { rejectUnauthorized: false });

    const down = await mux.event("target");
    assert.deepEqual(
      { ...down, reason: /nothing listens there/.test(down.reason ?? "") },
      { type: "target", target: `tcp://127.0.0.1:${port}`, state: "down", reason: true },
    );
    await using _service = await startTcp((socket) => socket.pipe(socket), { port });
    assert.equal(String((await answer).bytes), words, "though the client had ended long before");
    const client = await secured;
    client.end("hello");
    assert.equal(String((await outcome(client)).bytes), "hello");
    const states = mux.events.flatMap((event) => (event.type === "target" ? [event.state] : []));
    assert.deepEqual(states, ["down", "up"]);
  });

  it("is waited for as long as the route says; then TLS clients get internal_error, others a reset", async () => {
    const port = await freePort();
    await using mux = await startMux({
      "app.test": { to: `tcp://127.0.0.1:${port}`, hold: 0.25 },
      "raw.test": { to: `tls://127.0.0.1:${port}`, hold: 0.25 },
      "*": { to: `tcp://127.0.0.1:${port}`, hold: 0.25 },
    });
    const since = performance.now();
    const passed = assert.rejects(connectTls(mux, "raw.test"), {
      code: "ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR",
    });
    const [terminated, plain] = await Promise.all([connect(mux.port), connect(mux.port)]);
    const [refusal, reset] = [outcome(terminated), outcome(plain)];
    terminated.write(hello);
    plain.write(words);
    const alert = alertRecord(tlsAlert.internalError);
    assert.deepEqual(await refusal, { bytes: alert, error: undefined });
    assert.deepEqual(await reset, { bytes: Buffer.alloc(0), error: "ECONNRESET" });
    await passed;
    assert.ok(performance.now() - since >= 100, "it was tried again");
    for (const route of ["app.test", "raw.test", "*"]) {
      const { ending } = await mux.report((report) => report.route === route);
      assert.equal(ending.how === "refused" && ending.problem.code, "target-down");
    }
  });

  it("is tried once, and its clients refused at once, with a hold of 0", async () => {
    const port = await freePort();
    await using mux = await startMux({ "*": { to: `tcp://127.0.0.1:${port}`, hold: 0 } });
    const client = await connect(mux.port);
    const reset = outcome(client);
    client.write(words);
    assert.equal((await reset).error, "ECONNRESET");
    const { ending, milliseconds } = await mux.report(() => true);
    assert.equal(ending.how === "refused" && ending.problem.code, "target-down");
    assert.ok(milliseconds < 100, "sooner than it would be tried again");
  });

  for (const how of ["reset", "stop"] as const) {
    it(`is not called for a client that has gone meanwhile (${how})`, async () => {
      const port = await freePort();
      const routes = { "*": { to: `tcp://127.0.0.1:${port}`, hold: 600 } };
      await using mux = await startMux(routes);
      const client = await connect(mux.port);
      const gone = outcome(client);
      client.write(words);
      await mux.event("target", ({ state }) => state === "down");
      if (how === "reset") client.resetAndDestroy();
      else await mux.stop(0);
      await gone;
      const { ending } = await mux.report(() => true);
      assert.deepEqual(ending, how === "reset" ? { how: "reset", by: "client" } : { how: "stopped" });

      let called = 0;
      await using _service = await startTcp(() => called++, { port });
      // Longer than it takes until a service is tried again.
      await wait(250);
      assert.equal(called, 0);
    });
  }
});

/** A service whose backlog is full and that never accepts: a connection to it is neither made nor refused. */
async function startStuck() {
  const program = `
    const server = require("node:net").createServer();
    server.listen({ host: "127.0.0.1", port: 0, backlog: 1 }, () => {
      require("node:fs").writeSync(1, String(server.address().port));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });
  `;
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  const port = Number(String((await once(child.stdout, "data"))[0]));
  const waiting = await Promise.all([connect(port), connect(port)]);
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of waiting) socket.destroy();
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

describe("A connection that is being made to a service", () => {
  const skip = process.platform === "linux" ? false : "only Linux lets a connection wait for a full backlog";

  it("is given up when the client goes, which says nothing about the service", { skip }, async () => {
    await using stuck = await startStuck();
    await using mux = await startMux({ "*": `tcp://127.0.0.1:${stuck.port}` });
    const client = await connect(mux.port);
    client.on("error", () => undefined);
    client.write(words);
    // The two that wait for the service, the client's two ends, and the one to be connected.
    while (openSockets() < 5) await turn();
    client.resetAndDestroy();
    await mux.report(() => true);
    for (let turns = 0; turns < 100 && openSockets() > 2; turns++) await turn();
    assert.equal(openSockets(), 2);
    assert.ok(!mux.events.some(({ type }) => type === "target"));
  });
});

describe("A target", () => {
  for (const host of ["127.0.0.1", "::1"]) {
    it(`is not up because a connection to it has met itself (${host})`, async () => {
      const port = await portOnce(host);
      const target = parseTarget(`tcp://${host.includes(":") ? `[${host}]` : host}:${port}`);
      assert.ok(target.ok);
      const reached = await new Reach({ isOwn: () => false, admits: () => true }).connect(
        target.value,
        () => introvert(host),
        new Waiting(),
      );
      assert.ok(!reached.ok);
      assert.equal(reached.error.code, "target-down");
      assert.match(reached.error.message, /nothing listens there/);
    });

    it(`"localhost" is found when its service listens on ${host} only`, async () => {
      await using service = await startTcp((socket) => socket.pipe(socket), { host });
      await using mux = await startMux({ "*": `tcp://localhost:${service.port}` });
      assert.equal(await ask(mux), words);
      assert.equal(await ask(mux), words, "and again");
      assert.equal((await mux.report(() => true)).target, `tcp://localhost:${service.port}`);
    });
  }

  it("is not down because this process has no descriptor left, and is not tried at another address", async () => {
    const target = parseTarget("tcp://localhost:1");
    assert.ok(target.ok);
    let tried = 0;
    const barred = () => {
      tried++;
      const socket = new net.Socket();
      const connect = () =>
        socket.destroy(Object.assign(new Error("connect EMFILE"), { code: "EMFILE", syscall: "connect" }));
      return Object.assign(socket, { connect });
    };
    const reach = new Reach({ isOwn: () => false, admits: () => true });
    const reached = await reach.connect(target.value, barred, new Waiting());
    assert.equal(!reached.ok && reached.error.code, "out-of-descriptors");
    assert.equal(tried, 1);
  });

  for (const order of [
    ["ECONNREFUSED", "EADDRNOTAVAIL"],
    ["EADDRNOTAVAIL", "ECONNREFUSED"],
    ["ECONNREFUSED", "EAFNOSUPPORT"],
  ]) {
    it(`is told to refuse where the machine lacks its other address (${order.join(", ")})`, async () => {
      const target = parseTarget("tcp://localhost:9001");
      assert.ok(target.ok);
      const codes = order.values();
      const failing = () => {
        const socket = new net.Socket();
        const { value: code } = codes.next();
        const connect = () => socket.destroy(Object.assign(new Error(`connect ${code}`), { code }));
        return Object.assign(socket, { connect });
      };
      const reach = new Reach({ isOwn: () => false, admits: () => true });
      const reached = await reach.connect(target.value, failing, new Waiting());
      assert.ok(!reached.ok);
      assert.equal(reached.error.message, "tcp://localhost:9001 is not up: nothing listens there.");
    });
  }

  it("is not asked for in vain where another of its route found no room already", async () => {
    const { routes } = parseRoutes({ "*": { to: ["tcp://127.0.0.1:1", "tcp://127.0.0.1:2"] } });
    const [route] = routes;
    assert.ok(route);
    let asked = 0;
    const dialer = new Dialer({
      isOwn: () => false,
      admits: () => {
        asked++;
        return false;
      },
      onState: () => assert.fail("this says nothing about the targets"),
      onPassedOver: () => undefined,
    });
    const dialled = await dialer.dialStream(route, { holdMilliseconds: 0, waiting: new Waiting() });
    assert.equal(!dialled.ok && dialled.error.code, "out-of-descriptors");
    assert.equal(asked, 1, "each in vain would be told as one turned away");
  });

  it("that nobody waits for any more is not called, and holds no place among the connections", async () => {
    let called = 0;
    await using service = await startTcp((socket) => socket.end(`call ${++called}`));
    const open = new Set<net.Socket>();
    const admits = (socket: net.Socket) => {
      open.add(socket);
      socket.on("close", () => open.delete(socket));
      return true;
    };
    const target = parseTarget(`tcp://localhost:${service.port}`);
    assert.ok(target.ok);
    const waiting = new Waiting();
    waiting.end();
    const reached = await new Reach({ isOwn: () => false, admits }).connect(
      target.value,
      () => new net.Socket(),
      waiting,
    );
    assert.equal(reached.ok, false);
    await until(() => open.size === 0, "all are closed");
    assert.equal(String((await outcome(await connect(service.port))).bytes), "call 1");
  });

  it("is not called at an address that its name does not mean any more", async (context) => {
    await using old = await startTcp((socket) => socket.end("old"), { host: "127.0.0.3" });
    await using _new = await startTcp((socket) => socket.end("new"), { host: "127.0.0.4", port: old.port });
    let means = ["127.0.0.2", "127.0.0.3"];
    context.mock.method(dns, "lookup", async () => means.map((address) => ({ address, family: 4 })));
    syncBuiltinESMExports();
    context.after(() => {
      context.mock.reset();
      syncBuiltinESMExports();
    });
    await using mux = await startMux({ "*": `tcp://moving.test:${old.port}` });
    assert.equal(await ask(mux), "old");
    means = ["127.0.0.4"];
    assert.equal(await ask(mux), "new");
  });

  it("with a name that nobody knows is told down, and why", async () => {
    await using mux = await startMux({ "*": { to: "tcp://nobody.invalid:1", hold: 0 } });
    const client = await connect(mux.port);
    const reset = outcome(client);
    client.write(words);
    await reset;
    const { ending } = await mux.report(() => true);
    assert.ok(ending.how === "refused");
    assert.equal(ending.problem.code, "target-down");
    assert.match(ending.problem.message, /does not resolve/);
    assert.match(ending.problem.remedy, /nobody\.invalid/);
  });

  for (const host of ["localhost", "127.0.0.1", "[::1]", "0.0.0.0", "[::ffff:7f00:1]"]) {
    it(`that is the mux itself is refused at once (${host})`, async () => {
      await using mux = await startMux({});
      mux.setRoutes({ "*": { to: `tcp://${host}:${mux.port}`, hold: 600 } });
      const before = openSockets();
      const client = await connect(mux.port);
      const reset = outcome(client);
      client.write(words);
      assert.equal((await reset).error, "ECONNRESET");
      const { ending } = await mux.report(({ route }) => route === "*");
      assert.equal(ending.how === "refused" && ending.problem.code, "target-is-mux");
      assert.match(ending.how === "refused" ? ending.problem.message : "", /Oneport itself/);
      await until(() => openSockets() <= before, "the connection to itself is closed");
    });
  }
});

describe("A service on the mux's own port, but at another address", () => {
  it("is one like any other", async () => {
    await using mux = await startMux({});
    await using _service = await startTcp((socket) => socket.pipe(socket), {
      host: "127.0.0.2",
      port: mux.port,
    });
    mux.setRoutes({ "*": `tcp://127.0.0.2:${mux.port}` });
    assert.equal(await ask(mux), words);
  });
});

describe("Several targets", () => {
  it("are taken in turn", async () => {
    await using one = await startSaying("one");
    await using two = await startSaying("two");
    await using three = await startSaying("three");
    const to = [one, two, three].map(({ port }) => `tcp://127.0.0.1:${port}`);
    await using mux = await startMux({ "*": { to } });
    const answers: string[] = [];
    for (let count = 0; count < 6; count++) answers.push(await ask(mux));
    assert.deepEqual(answers, ["one", "two", "three", "one", "two", "three"]);
  });

  it("take over at once from one that is down", async () => {
    await using one = await startSaying("one");
    const port = await freePort();
    await using three = await startSaying("three");
    const to = [one.port, port, three.port].map((each) => `tcp://127.0.0.1:${each}`);
    await using mux = await startMux({ "*": { to } });
    const answers: string[] = [];
    for (let count = 0; count < 6; count++) answers.push(await ask(mux));
    assert.ok(answers.every((answer) => answer === "one" || answer === "three"));
    assert.ok(answers.includes("one") && answers.includes("three"));
    const down = await mux.event("target", ({ state }) => state === "down");
    assert.equal(down.target, `tcp://127.0.0.1:${port}`);
  });

  it("are all tried again while none of them is up", async () => {
    const ports = [await freePort(), await freePort()];
    const to = ports.map((each) => `tcp://127.0.0.1:${each}`);
    await using mux = await startMux({ "*": { to } });
    const answer = ask(mux);
    for (const target of to) await mux.event("target", (event) => event.target === target);
    const [, port = 0] = ports;
    await using _late = await startTcp((socket) => socket.pipe(socket), { port });
    assert.equal(await answer, words);
  });
});

describe("What a service says before its client's first words have reached it", () => {
  it("is kept for the client", async () => {
    await using service = await startTcp((socket) => socket.write("220 ready\r\n"));
    await using mux = await startMux({ "*": `tcp://127.0.0.1:${service.port}` });
    const client = await connect(mux.port);
    client.write(words);
    assert.equal(String(await read(client, 11)), "220 ready\r\n");
    const [socket] = service.sockets;
    assert.ok(socket);
    const closed = outcome(socket);
    client.resetAndDestroy();
    assert.equal((await closed).error, "ECONNRESET");
  });
});
