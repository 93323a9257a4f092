import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import type { ServerResponse } from "node:http";
import net from "node:net";
import { describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { connectionLimit } from "../../src/mux/limit.ts";
import { captured } from "../core/hex-fixtures.ts";
import { ask, connectBy, until, whole } from "./http-support.ts";
import { startProcess } from "./own-process.ts";
import { connectOwn } from "./pieces.ts";
import { connect, outcome, read } from "./streams.ts";
import { startHttp, startMux, startTcp } from "./support.ts";

const echo = (socket: net.Socket) => void socket.pipe(socket);

/** A connection to the echo behind the default route, or nothing if it was turned away. */
async function join(port: number): Promise<net.Socket | undefined> {
  const client = net.connect({ port, host: "127.0.0.1", noDelay: true });
  client.on("error", () => undefined);
  client.write("\x01");
  return new Promise((resolve) => {
    client.once("data", () => resolve(client));
    client.once("close", () => resolve(undefined));
  });
}

async function isServed(client: net.Socket): Promise<boolean> {
  client.removeAllListeners("data").write("?");
  return String(await read(client.pause(), 1)) === "?";
}

describe("The limit on connections", () => {
  it("leaves a quarter of the open files, at most 64, or 16 more than others have, and two connections at least", () => {
    for (const [files, others, connections] of [
      [0, 0, 2],
      [20, 0, 4],
      [64, 0, 48],
      [64, 30, 18],
      [64, 60, 2],
      [256, 30, 192],
      [256, 130, 110],
      [1024, 30, 960],
      [1024, 500, 508],
      [4096, 30, 4032],
      [1_048_576, 500, 131_072],
      [Number.POSITIVE_INFINITY, 0, 131_072],
    ] as const) {
      assert.equal(connectionLimit(files, others), connections, `${files} files, ${others} open`);
    }
  });

  it("turns more away, which is told once, and ends when there is room again", async () => {
    await using service = await startTcp(echo);
    await using mux = await startMux({ "*": `tcp://127.0.0.1:${service.port}` }, { mostConnections: 20 });
    const overloads = () => mux.events.filter((event) => event.type === "overload");

    const open: net.Socket[] = [];
    for (let number = 0; number < 10; number++) open.push((await join(mux.port)) ?? assert.fail());
    assert.deepEqual(overloads(), []);
    for (let number = 0; number < 5; number++) {
      const { bytes, error } = await outcome(net.connect(mux.port, "127.0.0.1"));
      assert.deepEqual([bytes.length, error], [0, "ECONNRESET"]);
    }
    assert.deepEqual(overloads(), [{ type: "overload", isOver: true, limit: 20, turnedAway: 1 }]);
    for (const client of open) assert.equal(await isServed(client), true);

    const reports = () => mux.events.filter((event) => event.type === "connection").length;
    open.pop()?.destroy();
    await until(() => reports() === 1, "one has left");
    open.push((await join(mux.port)) ?? assert.fail());
    assert.equal(await join(mux.port), undefined);
    assert.equal(overloads().length, 1, "one that comes and goes is no news");

    open.pop()?.destroy();
    open.pop()?.destroy();
    const over = await mux.event("overload", ({ isOver }) => !isOver);
    assert.deepEqual(over, { type: "overload", isOver: false, limit: 20, turnedAway: 6 });
    for (const client of open.splice(0)) client.destroy();
    await until(() => reports() === 11, "all have left");
    assert.equal(overloads().length, 2);
  });

  it("is over once, not with each client that comes and goes, also where clients have asked for nothing yet", async () => {
    await using service = await startTcp(echo);
    await using mux = await startMux({ "*": `tcp://127.0.0.1:${service.port}` }, { mostConnections: 20 });
    const reports = () => mux.events.filter((event) => event.type === "connection").length;
    const silent = await Promise.all(Array.from({ length: 9 }, () => connect(mux.port)));
    for (let round = 1; round <= 3; round++) {
      const last = (await join(mux.port)) ?? assert.fail();
      assert.equal(await join(mux.port), undefined);
      last.destroy();
      await until(() => reports() === round, "one has left");
    }
    for (const client of silent) client.destroy();
    await mux.event("overload", ({ isOver }) => !isOver);
    const overloads = mux.events.filter((event) => event.type === "overload");
    assert.deepEqual(
      overloads.map(({ isOver }) => isOver),
      [true, false],
    );
  });

  it("leaves room for what the process has open beside connections, and for addresses of routes' own", async (context) => {
    if (process.platform === "win32") return context.skip("it has no such limit");
    await using service = await startTcp(echo);
    const target = `tcp://127.0.0.1:${service.port}`;
    for (const [files, addresses] of [
      [64, 0],
      [160, 80],
    ] as const) {
      const own = Array.from({ length: addresses }, (_, number) => [`own${number}.test`, target]);
      await using mux = await startProcess(
        { "oneport.routes": { "*": target, ...Object.fromEntries(own) } },
        files,
      );
      const clients = await Promise.all(Array.from({ length: files }, () => join(mux.port)));
      const open = clients.filter((client) => client !== undefined);
      assert.ok(open.length > 0);
      for (const client of open) client.destroy();
      const turnedAway = () => mux.events.findLast((event) => event.type === "overload")?.turnedAway;
      await until(() => turnedAway() === files - open.length, "the limit, not the system, turned them away");
      assert.equal(await mux.stop(), 0);
    }
  });

  it("counts what one client asks of services: a stream of HTTP/2 without room is answered 503", async () => {
    const held: ServerResponse[] = [];
    await using web = await startHttp((_request, response) => void held.push(response));
    await using mux = await startMux({ "web.test": `http://127.0.0.1:${web.port}` }, { mostConnections: 20 });
    await using client = connectBy("HTTP/2 over TLS", mux, "web.test");
    const served = Array.from({ length: 19 }, () => client.send());
    await until(() => held.length === 19, "as many as there is room for");
    const refused = await whole(client.send({ headers: { accept: "text/plain" } }));
    assert.deepEqual([refused.status, refused.headers["oneport-refusal"]], [503, "out-of-descriptors"]);
    assert.match(refused.text, /ulimit -n/);
    const { bytes, error } = await outcome(net.connect(mux.port, "127.0.0.1"));
    assert.deepEqual([bytes.length, error], [0, "ECONNRESET"]);
    assert.equal(
      mux.events.filter(({ type }) => type === "target").length,
      1,
      "the service is up all the while",
    );
    const overloads = () => mux.events.filter((event) => event.type === "overload");
    assert.deepEqual(overloads(), [{ type: "overload", isOver: true, limit: 20, turnedAway: 1 }]);

    for (const sending of served.slice(0, 3)) sending.abort();
    const over = await mux.event("overload", ({ isOver }) => !isOver);
    assert.deepEqual(over, { type: "overload", isOver: false, limit: 20, turnedAway: 2 });
    for (const response of held) response.end("web");
    for (const sending of served.slice(3)) assert.equal((await whole(sending)).text, "web");
  });

  for (const [what, headers] of [
    ["the relay", {}],
    ["Node", { te: "trailers" }],
  ] as const) {
    it(`turns nobody away for connections that ${what} only keeps`, async () => {
      await using service = await startTcp(echo);
      await using web = await startHttp((_request, response) => void response.end("web"));
      await using mux = await startMux(
        { "web.test": `http://127.0.0.1:${web.port}`, "*": `tcp://127.0.0.1:${service.port}` },
        { mostConnections: 8 },
      );
      const client = connectBy("HTTP/2 over TLS", mux, "web.test");
      const answers = await Promise.all(Array.from({ length: 6 }, () => whole(client.send({ headers }))));
      assert.deepEqual(new Set(answers.map(({ text }) => text)), new Set(["web"]));
      await client[Symbol.asyncDispose]();
      await mux.report(({ route }) => route === "web.test");
      assert.ok(web.sockets.size > 4, `${web.sockets.size} are kept`);

      const joining = Array.from({ length: 4 }, () => join(mux.port));
      for (const stream of await Promise.all(joining)) (stream ?? assert.fail()).destroy();
      assert.deepEqual(
        mux.events.filter(({ type }) => type === "overload"),
        [],
      );
    });
  }

  it("keeps a process with few files alive: what is open is served while hundreds knock", async (context) => {
    if (process.platform === "win32") return context.skip("it has no such limit");
    await using service = await startTcp(echo);
    await using web = await startHttp((_request, response) => void response.end("web"));
    await using mux = await startProcess(
      {
        "oneport.routes": {
          "*": `tcp://127.0.0.1:${service.port}`,
          "web.test": `http://127.0.0.1:${web.port}`,
          "own.test": `tcp://127.0.0.1:${service.port}`,
        },
      },
      256,
    );
    const early = await Promise.all(Array.from({ length: 20 }, () => join(mux.port)));
    const late = await Promise.all(Array.from({ length: 400 }, () => join(mux.port)));
    const open = [...early, ...late].filter((client) => client !== undefined);
    const refused = 420 - open.length;
    assert.equal(open.length, 96);
    assert.ok(!early.includes(undefined));
    for (let round = 0; round < 5; round++) {
      const knocking = Promise.all(Array.from({ length: 80 }, () => join(mux.port)));
      for (const client of early) assert.equal(client && (await isServed(client)), true);
      assert.ok((await knocking).every((client) => client === undefined));
    }

    for (const client of open.splice(0)) client.destroy();
    const over = await mux.event("overload", ({ isOver }) => !isOver);
    assert.equal(over.turnedAway, refused + 5 * 80);
    const overloads = mux.events.filter((event) => event.type === "overload");
    assert.deepEqual(
      overloads.map(({ isOver, limit }) => [isOver, limit]),
      [
        [true, 192],
        [false, 192],
      ],
    );
    await until(() => service.sockets.size === 0, "nothing is left open");
    const after = (await join(mux.port)) ?? assert.fail();
    assert.equal(await isServed(after), true);
    after.destroy();
    assert.equal(mux.events.filter((event) => event.type === "problem").length, 0);
    assert.equal(await mux.stop(), 0);
    assert.equal(mux.errors(), "");
  });
});

describe("A mux under strain", () => {
  it("serves others at once while 500 clients dawdle, and cuts these off in time", async () => {
    await using web = await startHttp((_request, response) => void response.end("web"));
    await using mux = await startMux(
      { "web.test": `http://127.0.0.1:${web.port}` },
      { helloMilliseconds: 2000 },
    );
    const words = [
      "GET / HTTP/1.1\r\nHost: web.test\r\n",
      captured("curl_openssl3_app.test").toString("latin1"),
    ];
    const start = performance.now();
    const over = Array.from({ length: 500 }, async (_, number) => {
      const client = await connect(mux.port);
      let sent = 0;
      const timer = setInterval(() => {
        client.write(Buffer.from((words[number % 2] ?? "").slice(sent, ++sent), "latin1"));
      }, 200);
      const { error } = await outcome(client);
      clearInterval(timer);
      return { error, time: performance.now() - start };
    });
    await wait(500);
    for (let number = 0; number < 5; number++) {
      const asked = performance.now();
      assert.equal((await ask("HTTP/1.1 in the clear", mux, "web.test")).text, "web");
      assert.ok(performance.now() - asked < 500);
    }
    for (const { error, time } of await Promise.all(over)) {
      assert.equal(error, "ECONNRESET");
      assert.ok(time >= 1900 && time < 4500, `${time} ms`);
    }
  });

  it("has nothing left open after a service restarted 20 times under clients that come back", async () => {
    const sockets = () => process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
    const before = sockets();
    let service = await startTcp(echo);
    const { port } = service;
    await using mux = await startMux({ "own.test": `tcp://127.0.0.1:${port}` });
    let running = true;
    let served = 0;
    const clients = Array.from({ length: 20 }, async () => {
      while (running) {
        const client = await connectOwn(mux, "own.test");
        const over = outcome(client);
        client.on("data", () => {
          served++;
          if (running) client.write("again");
          else client.end();
        });
        client.write("first");
        await over;
      }
    });
    for (let restart = 0; restart < 20; restart++) {
      const since = served;
      await until(() => served > since + 40, "clients are served");
      await service[Symbol.asyncDispose]();
      await wait(5 * (restart % 4));
      service = await startTcp(echo, { port });
    }
    running = false;
    await Promise.all(clients);
    await until(() => service.sockets.size === 0, "the service has no connection");
    await until(() => sockets() === before, "nobody has");
    await service[Symbol.asyncDispose]();
  });

  it("keeps thousands of idle connections cheaply, and still answers at once", async (context) => {
    if (process.platform !== "linux") return context.skip("memory is read from /proc");
    const many = 5000;
    const openFiles = 12_000;
    if (Number(execFileSync("bash", ["-c", "ulimit -n"])) < openFiles) return context.skip("too few files");
    await using service = await startTcp((socket) => void socket.resume());
    await using web = await startHttp((_request, response) => void response.end("web"));
    await using mux = await startProcess(
      {
        "oneport.routes": {
          "app.test": `tls://127.0.0.1:${service.port}`,
          "web.test": `http://127.0.0.1:${web.port}`,
        },
      },
      openFiles,
    );
    const hello = captured("curl_openssl3_app.test");
    const open = async (count: number) => {
      for (let number = 0; number < count; number++) {
        const client = await connect(mux.port);
        client.on("error", () => undefined);
        client.write(hello);
        clients.push(client);
      }
      await until(() => service.sockets.size === clients.length, "all are through");
    };
    const clients: net.Socket[] = [];
    await open(500);
    const before = await mux.memory();
    await open(many);
    const each = ((await mux.memory()) - before) / many / 1024;
    context.diagnostic(`${each.toFixed(1)} KB each`);
    assert.ok(each < 30, `${each} KB each`);
    const asked = performance.now();
    const answer = await fetchText(mux.port);
    assert.match(answer, /web$/);
    assert.ok(performance.now() - asked < 1000);
    for (const client of clients) client.destroy();
    assert.equal(await mux.stop(), 0);
  });
});

async function fetchText(port: number): Promise<string> {
  const client = await connect(port);
  client.write("GET / HTTP/1.1\r\nHost: web.test\r\nConnection: close\r\n\r\n");
  return String((await outcome(client)).bytes);
}
