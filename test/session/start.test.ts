/** How windows find each other, and what they leave behind. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { chmod, mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import http from "node:http";
import net from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import tls from "node:tls";
import { MuxWorker } from "../../src/session/mux-worker.ts";
import { startTcp } from "../mux/support.ts";
import { ask, Place } from "./place.ts";

test("of two first starts at the same moment one owns the mux, and the other takes part in it", async () => {
  await using place = await Place.create();
  place.open("a");
  place.open("b");
  await place.settled();
  for (const name of ["a", "b"]) {
    assert.deepEqual(await ask(place.port, `${name}.localhost`), { status: 200, body: `${name}.localhost` });
  }
});

test("two that need the first certificate at the same moment make one authority", async () => {
  await using place = await Place.create();
  await using elsewhere = await Place.create();
  const a = place.open("a");
  const b = place.open("b", { port: elsewhere.port });
  const ports = await Promise.all([a.listening(), b.listening()]);
  const issuers = await Promise.all(
    ports.map((port, n) => issuerAt(port, n === 0 ? "a.localhost" : "b.localhost")),
  );
  assert.equal(issuers[0], issuers[1]);
});

/** The fingerprint of who signed the certificate that is shown there. */
async function issuerAt(port: number, servername: string): Promise<string> {
  const socket = tls.connect({ port, host: "127.0.0.1", servername, rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const { issuerCertificate } = socket.getPeerCertificate(true);
  socket.destroy();
  return issuerCertificate.fingerprint256;
}

test("a member sees what the owner sees, what was told before it came too", async () => {
  await using place = await Place.create();
  const down = { "a.localhost": { to: "http://localhost:1", hold: 0 } };
  const owner = place.open("a", { routes: down });
  await owner.listening();
  assert.equal((await ask(place.port, "a.localhost")).status, 502);
  await owner.until("target");
  const member = place.open("b");
  assert.equal(await member.listening(), place.port);
  assert.equal((await member.until("target")).state, "down");
  for (const window of [owner, member]) await window.until("routes", ({ routes }) => routes.length === 2);
  assert.deepEqual(member.latest("routes"), owner.latest("routes"));
  assert.equal((await ask(place.port, "b.localhost")).status, 200);
  const [told, owners] = await Promise.all(
    [member, owner].map((window) =>
      window.until("connection", ({ connection }) => connection.route === "b.localhost"),
    ),
  );
  assert.deepEqual(told, owners);
});

test("a member can have services asked, and see what is open, while it looks", async () => {
  await using place = await Place.create();
  const owner = place.open("owner");
  await owner.listening();
  const member = place.open("member");
  await member.listening();
  member.send({ type: "watch", isWatching: true });
  assert.equal((await member.until("target")).state, "up");
  await using held = await startTcp(() => undefined);
  member.setRoutes({ "held.localhost": `tcp://127.0.0.1:${held.port}`, "*": held.port });
  await member.until("routes", ({ routes }) => routes.length === 3);
  const request = http.get({ port: place.port, host: "127.0.0.1", headers: { Host: "anything.test" } });
  request.on("error", () => {
    // It ends with the mux.
  });
  const { routes } = await member.until("open", (event) => event.routes.length > 0);
  assert.deepEqual([routes[0]?.domain, routes[0]?.count], ["*", 1]);
  assert.equal(owner.latest("open"), undefined);
  request.destroy();
});

test("two windows want the same domain: the first keeps it, both are told, and it passes on when it is given up", async () => {
  await using place = await Place.create();
  const other = await startTcp((socket) => socket.end("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nother"));
  await using _other = other;
  const first = place.open("first", { routes: { "shop.localhost": place.servicePort } });
  await first.listening();
  const second = place.open("second", { routes: { "shop.localhost": other.port } });
  await place.settled();
  for (const window of [first, second]) {
    const { problem } = await window.until("problem");
    assert.equal(problem.code, "route-conflict");
    assert.match(problem.message, /shop\.localhost .* first, .* second\./);
    const { windows } = await window.until("session", (event) => event.windows.length === 2);
    assert.deepEqual(windows[1]?.conflicts, [{ domain: "shop.localhost", heldBy: "first" }]);
  }
  assert.equal((await ask(place.port, "shop.localhost")).body, "shop.localhost");
  first.setRoutes({});
  await second.until("session", ({ windows }) => windows.every(({ conflicts }) => conflicts.length === 0));
  assert.equal((await ask(place.port, "shop.localhost")).body, "other");
  await second.stop();
  await first.until("session", ({ windows }) => windows.length === 1);
  assert.equal((await ask(place.port, "shop.localhost")).status, 404);
});

test("the same route from two windows is one, and stays until both have left", async () => {
  await using place = await Place.create();
  const first = place.open("first", { routes: { "shop.localhost": place.servicePort } });
  await first.listening();
  const url = `http://localhost:${place.servicePort}`;
  const second = place.open("second", { routes: { "Shop.localhost.": { to: url } } });
  await place.settled();
  const { routes } = await second.until("routes", (event) => event.routes[0]?.windows?.length === 2);
  assert.deepEqual(routes[0]?.windows, ["first", "second"]);
  await first.stop();
  await second.until("session", ({ role }) => role === "owner");
  assert.equal((await ask(place.port, "shop.localhost")).status, 200);
  assert.equal(second.latest("problem"), undefined);
});

test("whoever ends it for all ends every window, and nobody takes over", async () => {
  for (const by of ["owner", "member"] as const) {
    await using place = await Place.create();
    for (const name of ["a", "b", "c"]) place.open(name);
    const owner = await place.settled();
    const ender = by === "owner" ? owner : place.alive.find((window) => window !== owner);
    ender?.send({ type: "stop", graceSeconds: 0, forAll: true });
    await Promise.all(place.windows.map(({ exited }) => exited));
    for (const window of place.windows) {
      const last = window === ender ? { type: "stopped" } : { type: "stopped", forAll: true };
      assert.deepEqual(window.events.at(-1), last);
    }
    assert.deepEqual(await place.sockets(), []);
    await assert.rejects(ask(place.port, "a.localhost"), { code: "ECONNREFUSED" });
  }
});

test("windows with very long names take part like all others, as owner and as member", async () => {
  await using place = await Place.create();
  const name = "🙂".repeat(150);
  for (const id of ["owner", "member"]) {
    place.open(name, { id, routes: { [`${id}.localhost`]: place.servicePort } });
    await place.settled();
  }
  for (const id of ["owner", "member"]) {
    assert.equal((await ask(place.port, `${id}.localhost`)).status, 200);
  }
});

test("a port that a stranger holds is refused with the stranger's name", async () => {
  await using place = await Place.create();
  await using _stranger = await startTcp(() => undefined, { port: place.port });
  const window = place.open("a");
  const { problem } = await window.until("problem");
  assert.equal(problem.code, "port-taken");
  assert.match(problem.message, new RegExp(`^Port ${place.port} is taken by .*\\(pid ${process.pid}\\)\\.$`));
});

test("a stranger that shares its port is not joined unawares", {
  skip: process.platform === "linux" ? false : "no other system shares ports so",
}, async () => {
  await using place = await Place.create();
  const stranger = net.createServer().listen({ host: "127.0.0.1", port: place.port, reusePort: true });
  await once(stranger, "listening");
  try {
    assert.equal((await place.open("a").until("problem")).problem.code, "port-taken");
  } finally {
    stranger.close();
  }
});

test("fifty starts and stops leave nothing behind", async () => {
  await using place = await Place.create();
  const { stateDirectory, port } = place;
  const entry = new URL("../../src/worker.ts", import.meta.url);
  const open: number[] = [];
  for (let n = 0; n < 50; n++) {
    const begun = Promise.withResolvers<void>();
    const worker = new MuxWorker(entry, (event) => {
      if (event.type === "session") begun.resolve();
      if (event.type === "problem") begun.reject(new Error(event.problem.message));
    });
    const settings = { "oneport.routes": { "a.localhost": place.servicePort } };
    worker.send({ type: "start", stateDirectory, port, settings });
    await begun.promise;
    worker.send({ type: "stop", graceSeconds: 0 });
    await worker.ended;
    if (process.platform === "linux") open.push((await readdir("/proc/self/fd")).length);
  }
  assert.ok((open.at(-1) ?? 0) <= (open[0] ?? 0), `open descriptors after each: ${open.join()}`);
  assert.deepEqual(await place.sockets(), []);
  await using _free = await startTcp(() => undefined, { port });
});

const spoilt = {
  "others may enter": async (run: string) => {
    await mkdir(run);
    await chmod(run, 0o755);
  },
  "is a link": async (run: string) => {
    await mkdir(`${run}-elsewhere`, 0o700);
    await symlink(`${run}-elsewhere`, run);
  },
};

test("a mux whose state directory is removed is found again, keeps its members, and takes in new ones", async () => {
  await using place = await Place.create();
  place.open("owner");
  const owner = await place.settled();
  const member = place.open("member");
  await place.settled();
  const joined = member.events.filter(({ type }) => type === "listening");
  await rm(place.stateDirectory, { recursive: true });
  place.open("late");
  assert.equal(await place.settled(), owner);
  assert.deepEqual(
    member.events.filter(({ type }) => type === "listening"),
    joined,
  );
  assert.equal((await ask(place.port, "late.localhost")).status, 200);
  await owner.stop();
  await place.settled();
  assert.deepEqual(await place.sockets(), [`${place.port}.sock`]);
});

test("a mux that cannot be found any more tells that once, and is found as soon as it can be", async () => {
  await using place = await Place.create();
  const owner = place.open("owner");
  await owner.listening();
  const run = join(place.stateDirectory, "run");
  await rm(run, { recursive: true });
  await writeFile(run, "");
  assert.equal((await owner.until("problem")).problem.code, "control-folder-unusable");
  // Long enough for it to try again in vain.
  await wait(1500);
  await rm(run);
  place.open("late");
  assert.equal(await place.settled(), owner);
  assert.equal(owner.events.filter(({ type }) => type === "problem").length, 1);
});

test("a place where no control socket can lie is told, with what the system says, and nothing is started", async () => {
  const unusable = {
    ENOTDIR: async ({ stateDirectory }: Place) => writeFile(stateDirectory, ""),
    EEXIST: async ({ stateDirectory }: Place) => {
      await mkdir(stateDirectory);
      await writeFile(join(stateDirectory, "run"), "");
    },
    EISDIR: async ({ stateDirectory, port }: Place) => {
      const socket = join(stateDirectory, "run", `${port}.sock`);
      await mkdir(socket, { recursive: true, mode: 0o700 });
    },
  };
  for (const [code, spoil] of Object.entries(unusable)) {
    await using place = await Place.create();
    await spoil(place);
    const { problem } = await place.open("a").until("problem");
    assert.equal(problem.code, "control-folder-unusable");
    assert.ok(problem.message.includes(place.stateDirectory), problem.message);
    assert.match(problem.message, new RegExp(`${code}\\)\\.$`));
    await assert.rejects(ask(place.port, "a.localhost"), { code: "ECONNREFUSED" });
  }
});

for (const [what, spoil] of Object.entries(spoilt)) {
  test(`a folder for the channel that ${what} is refused, before joining as before owning`, async () => {
    await using place = await Place.create();
    await mkdir(place.stateDirectory, { mode: 0o700 });
    await spoil(join(place.stateDirectory, "run"));
    for (const port of [place.port, "auto"] as const) {
      const { problem } = await place.open(`for ${port}`, { port }).until("problem");
      assert.equal(problem.code, "control-folder-unsafe");
    }
    await assert.rejects(ask(place.port, "a.localhost"), { code: "ECONNREFUSED" });
  });
}
