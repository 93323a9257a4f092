/** `oneport start` as a process: what it prints, how it follows its settings, and how it ends. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { unlink, writeFile } from "node:fs/promises";
import http from "node:http";
import net from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { assignAddresses } from "../../src/core/loopback.ts";
import { freePort } from "../mux/support.ts";
import { type Running, Workplace } from "./oneport.ts";

/** A service that says its own name, and its routes' settings. */
async function serve(name: string): Promise<{ readonly port: number } & AsyncDisposable> {
  const server = http.createServer((_request, response) => response.end(name));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: portOf(server),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function portOf(server: net.Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : assert.fail("not listening");
}

const routesTo = (routes: Record<string, unknown>) => ({ "oneport.routes": routes });

/** The port in the first line of `--json`. */
async function portIn(oneport: Running): Promise<number> {
  const first = JSON.parse(await oneport.output.next());
  assert.equal(first.type, "listening");
  return first.port;
}

/** Status and body of `GET /` for a host, in the clear. */
async function get(port: number, host: string): Promise<{ status: number | undefined; body: string }> {
  const request = http.get({ port, host: "127.0.0.1", agent: false, headers: { Host: host } });
  const [response] = await once(request, "response");
  let body = "";
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, body };
}

test("--json begins with the port and the addresses, and then tells the events as they are", async () => {
  await using service = await serve("the shop");
  await using place = await Workplace.with(routesTo({ "shop.localhost": service.port }));
  await using oneport = place.start(["--port", "0", "--json"]);
  const listening = JSON.parse(await oneport.output.next());
  assert.deepEqual(Object.keys(listening), ["type", "port", "addresses"]);
  assert.ok(listening.addresses.includes("127.0.0.1"));
  const targets = [`http://localhost:${service.port}`];
  assert.deepEqual(JSON.parse(await oneport.output.until(/"type":"routes"/)), {
    type: "routes",
    routes: [{ domain: "shop.localhost", kind: "http", targets }],
  });
  assert.deepEqual(await get(listening.port, "shop.localhost"), { status: 200, body: "the shop" });
  const { connection } = JSON.parse(await oneport.output.until(/"connection"/));
  assert.deepEqual(connection.seen, { by: "host", name: "shop.localhost" });
  assert.equal(connection.requests, 1);
  oneport.signal("SIGTERM");
  assert.deepEqual(JSON.parse(await oneport.output.until(/"stopped"/)), { type: "stopped" });
  assert.equal(await oneport.ended(), 0);
});

test("people get the port, a table without colours in a pipe, and a line for each connection", async () => {
  await using service = await serve("the shop");
  await using place = await Workplace.with(
    routesTo({ "shop.localhost": service.port, "db.shop.localhost": "tcp://localhost:5432" }),
  );
  await using oneport = place.start(["--port", "0"]);
  const first = await oneport.output.next();
  const port = Number(/^Oneport listens on port (\d+) \(127\.0\.0\.1/.exec(first)?.[1] ?? assert.fail(first));
  assert.match(await oneport.output.until(/^DOMAIN/), /^DOMAIN +TARGET +CARRIED +CONNECT TO$/);
  const shop = await oneport.output.next();
  assert.ok(shop.startsWith("shop.localhost     → "), shop);
  assert.ok(shop.endsWith(`  HTTP and WebSocket   https://shop.localhost:${port}/`), shop);
  assert.ok((await oneport.output.next()).endsWith(`  db.shop.localhost:${port} (TLS SNI)`));
  await get(port, "shop.localhost");
  assert.match(
    await oneport.output.until(/127\.0\.0\.1:\d+/),
    /^\d\d:\d\d:\d\d {2}127\.0\.0\.1:\d+ +HTTP Host shop\.localhost +exact shop\.localhost +→ http:.* 1 req .* closed$/,
  );
});

test("FORCE_COLOR colours the table, NO_COLOR alone does not", async () => {
  await using place = await Workplace.with(routesTo({ "shop.localhost": 3000 }));
  await using coloured = place.start(["--port", "0"], { FORCE_COLOR: "1" });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the colour is what is tested
  await coloured.output.until(/^\u001b\[1mshop\.localhost/);
  await using plain = place.start(["--port", "0"], { NO_COLOR: "1" });
  await plain.output.until(/^shop\.localhost/);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`${signal} lets an open connection finish, and the exit status is 0`, async () => {
    await using held = await holdResponse();
    await using place = await Workplace.with(routesTo({ "shop.localhost": held.port }));
    await using oneport = place.start(["--port", "0", "--json"]);
    const port = await portIn(oneport);
    const answer = get(port, "shop.localhost");
    await held.asked;
    // Each try below is told in a line, and who tells ends only when all has been read.
    const stopped = oneport.output.until(/"stopped"/);
    oneport.signal(signal);
    await refused(port);
    held.answer("at last");
    assert.deepEqual(await answer, { status: 200, body: "at last" });
    await stopped;
    assert.equal(await oneport.ended(), 0);
  });
}

test("a second signal does not wait for open connections", async () => {
  await using held = await holdResponse();
  await using place = await Workplace.with(routesTo({ "shop.localhost": held.port }));
  await using oneport = place.start(["--port", "0", "--json"]);
  const answer = assert.rejects(get(await portIn(oneport), "shop.localhost"), { code: "ECONNRESET" });
  await held.asked;
  oneport.signal("SIGINT");
  await oneport.errors.until(/^Waiting up to 5 seconds for open connections/);
  const started = performance.now();
  oneport.signal("SIGINT");
  assert.equal(await oneport.ended(), 0);
  assert.ok(performance.now() - started < 4_500);
  await answer;
});

test("settings that are edited are taken over, and what changed is printed", async () => {
  await using one = await serve("one");
  await using two = await serve("two");
  await using place = await Workplace.with(routesTo({ "a.localhost": one.port, "b.localhost": one.port }));
  await using oneport = place.start(["--port", "0"]);
  const port = Number(/port (\d+)/.exec(await oneport.output.next())?.[1]);
  await place.write(routesTo({ "a.localhost": two.port, "c.localhost": two.port }));
  assert.match(await oneport.output.until(/ - /), /- b\.localhost → http:\/\/localhost:\d+$/);
  assert.match(await oneport.output.next(), /~ a\.localhost → /);
  assert.match(await oneport.output.next(), /\+ c\.localhost → /);
  assert.equal((await get(port, "a.localhost")).body, "two");
  assert.equal((await get(port, "b.localhost")).status, 404);
  assert.equal((await get(port, "c.localhost")).body, "two");
});

test("garbage keeps the last good routes and says so with the place; a repair is taken over", async () => {
  await using one = await serve("one");
  await using two = await serve("two");
  await using place = await Workplace.with(routesTo({ "a.localhost": one.port }));
  await using oneport = place.start(["--port", "0", "--json"]);
  const port = await portIn(oneport);
  await oneport.output.until(/"type":"routes"/);
  await place.write('{\n  "oneport.routes": {\n    "a.localhost": }');
  assert.match(await oneport.errors.next(), /settings\.json:3:20: .*The last good routes stay/);
  assert.equal((await get(port, "a.localhost")).body, "one");
  await place.write(`${"[".repeat(50_000)}${"]".repeat(50_000)}`);
  assert.match(await oneport.errors.next(), /settings\.json:1:257: .*The last good routes stay/);
  assert.equal((await get(port, "a.localhost")).body, "one");
  await unlink(place.settings);
  assert.match(await oneport.errors.next(), /no file .*settings\.json.*The last good routes stay/);
  assert.equal((await get(port, "a.localhost")).body, "one");
  await place.write(routesTo({ "a.localhost": two.port }));
  await oneport.output.until(/"type":"routes"/);
  assert.equal((await get(port, "a.localhost")).body, "two");
});

test("a bad route is a problem with its place, at the start and later, and the others work", async () => {
  await using service = await serve("good");
  await using place = await Workplace.with(
    `{ "oneport.routes": { "a.localhost": ${service.port}, "b": "htp://c" } }`,
  );
  await using oneport = place.start(["--port", "0", "--json"]);
  assert.match(await oneport.errors.next(), /^\.vscode.settings\.json:1:\d+: .*unknown scheme/);
  assert.equal((await get(await portIn(oneport), "a.localhost")).body, "good");
  await place.write(`{\n"oneport.routes": { "a.localhost": ${service.port}, "..": 1 } }`);
  assert.match(await oneport.errors.next(), /^\.vscode.settings\.json:2:\d+: /);
});

test("another oneport.port is not taken over before the next start, which is said", async () => {
  await using place = await Workplace.with({ "oneport.routes": {} });
  const port = await freePort();
  await place.write({ "oneport.port": port, "oneport.routes": {} });
  await using oneport = place.start([]);
  assert.ok((await oneport.output.next()).startsWith(`Oneport listens on port ${port} `));
  assert.match(await oneport.output.next(), /There are no routes yet/);
  await place.write({ "oneport.port": port + 1, "oneport.routes": {} });
  assert.equal(await oneport.errors.next(), "The new oneport.port takes effect at the next start.");
});

test("a port that is taken is status 1 and one line; nothing else is printed", async () => {
  const holder = net.createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  try {
    await using place = await Workplace.with(routesTo({ "shop.localhost": 3000 }));
    for (const format of [[], ["--json"]]) {
      const port = String(portOf(holder));
      const { status, output, errors } = await place.run(["start", "--port", port, ...format]);
      assert.deepEqual({ status, output }, { status: 1, output: "" });
      assert.match(errors, new RegExp(`^oneport: [^\\n]*${port}[^\\n]*\\n$`));
    }
  } finally {
    holder.close();
  }
});

/** Always the same for the same name. */
const ownAddress = assignAddresses(["db.shop.test"]).get("db.shop.test") ?? assert.fail();

test("an own address that another program holds is told, and the rest works", async () => {
  const stranger = net.createServer().listen(0, ownAddress);
  await once(stranger, "listening");
  try {
    await using place = await Workplace.with(routesTo({ "db.shop.test": "tcp://localhost:5432" }));
    await using oneport = place.start(["--port", String(portOf(stranger)), "--json"]);
    assert.equal(await portIn(oneport), portOf(stranger));
    const { problem } = JSON.parse(await oneport.output.until(/"type":"problem"/));
    assert.equal(problem.code, "port-taken");
    assert.ok(problem.message.includes(ownAddress), problem.message);
    oneport.signal("SIGTERM");
    assert.equal(await oneport.ended(), 0);
  } finally {
    stranger.close();
  }
});

test("addresses that change with the routes are told again", async () => {
  await using place = await Workplace.with(routesTo({ "db.shop.test": "tcp://localhost:5432" }));
  await using oneport = place.start(["--port", "0", "--json"]);
  const before = JSON.parse(await oneport.output.next());
  assert.ok(before.addresses.includes(ownAddress));
  await place.write(routesTo({ "api.shop.test": "http://localhost:4000" }));
  const after = JSON.parse(await oneport.output.until(/"type":"listening"/));
  const common = before.addresses.filter((address: string) => !address.startsWith("127.77."));
  assert.deepEqual(after, { type: "listening", port: before.port, addresses: common });
});

test("another oneport.helloTimeout is taken over at once", async () => {
  const withTimeout = (seconds: number) => ({ ...routesTo({ "*": 3000 }), "oneport.helloTimeout": seconds });
  await using place = await Workplace.with(withTimeout(60));
  await using oneport = place.start(["--port", "0", "--json"]);
  const port = await portIn(oneport);
  await oneport.output.until(/"type":"routes"/);
  await place.write(withTimeout(1));
  await oneport.output.until(/"type":"routes"/);
  const silent = net.connect(port, "127.0.0.1").on("error", () => undefined);
  await new Promise((resolve) => silent.on("close", resolve));
  const { connection } = JSON.parse(await oneport.output.until(/"type":"connection"/));
  assert.ok(connection.milliseconds < 10_000, `${connection.milliseconds}`);
});

test("settings that come through a pipe are read, once", async () => {
  await using service = await serve("the shop");
  await using place = await Workplace.with(undefined);
  const pipe = join(place.folder, "pipe");
  await promisify(execFile)("mkfifo", [pipe]);
  await using oneport = place.start(["--config", pipe, "--port", "0", "--json"]);
  await writeFile(pipe, JSON.stringify(routesTo({ "shop.localhost": service.port })));
  assert.equal((await get(await portIn(oneport), "shop.localhost")).body, "the shop");
});

test("a pipe that takes the place of the settings file keeps the last good routes, and the file after it is read", async () => {
  await using one = await serve("one");
  await using two = await serve("two");
  await using place = await Workplace.with(routesTo({ "a.localhost": one.port }));
  await using oneport = place.start(["--port", "0", "--json"]);
  const port = await portIn(oneport);
  await oneport.output.until(/"type":"routes"/);
  await unlink(place.settings);
  await promisify(execFile)("mkfifo", [place.settings]);
  await oneport.errors.until(/settings\.json cannot be read: .* a pipe.*The last good routes stay/);
  assert.equal((await get(port, "a.localhost")).body, "one");
  await unlink(place.settings);
  await place.write(routesTo({ "a.localhost": two.port }));
  await oneport.output.until(/"type":"routes"/);
  assert.equal((await get(port, "a.localhost")).body, "two");
});

test("it ends although somebody holds its output and does not read it", async () => {
  const names = Array.from({ length: 5000 }, (_, index) => [`route-${index}.localhost`, 3000]);
  await using place = await Workplace.with(routesTo(Object.fromEntries(names)));
  await using oneport = place.start(["--port", "0", "--json"]);
  await oneport.holdOutput();
  oneport.signal("SIGTERM");
  assert.equal(await oneport.ended(), 0);
});

test("it goes on when nobody reads its errors any more", async () => {
  await using service = await serve("the shop");
  await using place = await Workplace.with(routesTo({ "shop.localhost": service.port }));
  await using oneport = place.start(["--port", "0", "--json"]);
  const port = await portIn(oneport);
  await oneport.output.until(/"type":"routes"/);
  oneport.closeErrors();
  await place.write("{");
  await place.write({ ...routesTo({ "b.localhost": service.port }), "oneport.unknown": 1 });
  await oneport.output.until(/"type":"routes"/);
  assert.equal((await get(port, "b.localhost")).body, "the shop");
  oneport.signal("SIGTERM");
  assert.equal(await oneport.ended(), 0);
});

test("it ends quietly when nobody reads its output any more", async () => {
  await using service = await serve("the shop");
  await using place = await Workplace.with(routesTo({ "shop.localhost": service.port }));
  await using oneport = place.start(["--port", "0", "--json"]);
  const port = await portIn(oneport);
  await oneport.output.until(/"type":"routes"/);
  oneport.closeOutput();
  // Something to tell of; it may be the end of it.
  await get(port, "shop.localhost").catch(() => undefined);
  assert.equal(await oneport.ended(), 0);
  await assert.rejects(oneport.errors.next(), /The output ended/);
});

/** A service whose one response waits until it is told. */
async function holdResponse() {
  const asked = Promise.withResolvers<void>();
  let response: http.ServerResponse | undefined;
  const server = http.createServer((_request, held) => {
    response = held;
    asked.resolve();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: portOf(server),
    asked: asked.promise,
    answer: (body: string) => response?.end(body),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Fulfilled once nothing listens there. */
async function refused(port: number): Promise<void> {
  for (;;) {
    const socket = net.connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
    } catch {
      return;
    } finally {
      socket.destroy();
    }
  }
}

test("certificates of the user's own that are of no use are told once it listens, and later ones by themselves", async () => {
  await using place = await Workplace.with(undefined);
  const files = ["one.pem", "two.pem"].map((name) => join(place.folder, name));
  const withFiles = (count: number) => ({
    ...routesTo({ "shop.localhost": 3000 }),
    "oneport.certificateFiles": files.slice(0, count),
  });
  await place.write(withFiles(1));
  await using oneport = place.start(["--port", "0", "--json"]);
  await portIn(oneport);
  const next = async () => JSON.parse(await oneport.output.until(/"type":"problem"/)).problem;
  const { code, message } = await next();
  assert.deepEqual([code, message], ["certificate-unreadable", `${files[0]} cannot be read (ENOENT).`]);
  await place.write(withFiles(2));
  assert.equal((await next()).message, `${files[1]} cannot be read (ENOENT).`);
});
