/** A mux whose owner goes while somebody looks at it from outside. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import net from "node:net";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { controlFolder } from "../../src/session/control-folder.ts";
import { versions } from "../../src/session/messages.ts";
import { endAll, observeAll } from "../../src/session/observer.ts";
import { startTcp } from "../mux/support.ts";
import { Place } from "./place.ts";

const welcome = `${JSON.stringify({ type: "welcome", version: versions.newest })}\n`;

function folderOf({ stateDirectory }: Place) {
  const { platform, env: environment } = process;
  return controlFolder(stateDirectory, { platform, environment });
}

/** An owner, played by raw sockets, with one window that takes part. It is gone, as if killed, once somebody who only looks has said `last`. */
async function ownerUntil(last: "hello" | "watch", place: Place): Promise<void> {
  const listener = await startTcp(() => undefined, { port: place.port });
  const path = folderOf(place).socket(place.port);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const sockets: net.Socket[] = [];
  const joined = Promise.withResolvers<void>();
  const server = net.createServer(async (socket) => {
    sockets.push(socket);
    let isMember = false;
    for await (const line of createInterface({ input: socket })) {
      const { type, lender } = JSON.parse(line);
      isMember ||= lender !== undefined;
      if (!isMember && type === last) break;
      if (type === "hello") socket.write(welcome);
      if (isMember) joined.resolve();
    }
    if (isMember) return;
    await listener[Symbol.asyncDispose]();
    server.close();
    for (const each of sockets) each.destroy();
  });
  await once(server.listen(path), "listening");
  place.open("next");
  await joined.promise;
}

for (const last of ["hello", "watch"] as const) {
  test(`who looks at a mux whose owner goes at the ${last} sees the one that the next window owns`, async () => {
    await using place = await Place.create();
    await ownerUntil(last, place);
    const seen = await observeAll(folderOf(place));
    assert.deepEqual(
      seen.map(({ is, port }) => [is, port]),
      [["running", place.port]],
    );
    assert.deepEqual(place.owners, place.windows);
  });
}

test("who ends a mux whose owner goes meanwhile ends the one that the next window owns", async () => {
  await using place = await Place.create();
  await ownerUntil("hello", place);
  assert.deepEqual(await endAll(folderOf(place), 0), { ended: [place.port], silent: [] });
  await Promise.all(place.windows.map((window) => window.exited));
});

test("a mux of very many routes can be looked at, and taken part in", async () => {
  await using place = await Place.create();
  const label = "x".repeat(60);
  const domains = Array.from({ length: 20_000 }, (_, n) => `${n}.${label}.${label}.${label}.localhost`);
  const many = place.open("many", { routes: Object.fromEntries(domains.map((each) => [each, 3000])) });
  await many.listening();
  const [seen] = await observeAll(folderOf(place));
  assert.equal(seen?.is === "running" && seen.state.routes.length, domains.length);
  const few = place.open("few");
  await few.until("session", ({ windows }) => windows.length === 2);
  await few.until("routes", ({ routes }) => routes.length === domains.length + 1);
});
