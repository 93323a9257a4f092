/** Windows with another version of Oneport, which speak another protocol: played by a raw socket. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import net from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { controlFolder } from "../../src/session/control-folder.ts";
import { versions } from "../../src/session/messages.ts";
import { endAll, observeAll } from "../../src/session/observer.ts";
import { startTcp } from "../mux/support.ts";
import { ask, Place } from "./place.ts";

const later = { oldest: 1000, newest: 1001 };

/** What comes over a control channel, message by message. */
function messagesFrom(socket: net.Socket): AsyncIterator<string> {
  return createInterface({ input: socket })[Symbol.asyncIterator]();
}

test("a newer version that cannot join has the older one make room for it, and the older one tries to join", async () => {
  await using place = await Place.create();
  const older = place.open("older");
  await older.listening();
  const path = join(place.stateDirectory, "run", `${place.port}.sock`);
  const socket = net.connect(path);
  const messages = messagesFrom(socket);
  socket.write(`${JSON.stringify({ type: "hello", versions: later })}\n`);
  assert.deepEqual(JSON.parse((await messages.next()).value), {
    type: "refused",
    versions: { oldest: 1, newest: 1 },
  });
  socket.write(`${JSON.stringify({ type: "retire" })}\n`);
  assert.equal(JSON.parse((await messages.next()).value).type, "handedOver");
  await once(socket, "close");

  const asked = Promise.withResolvers<unknown>();
  const newer = net.createServer((member) => {
    member.once("data", (line) => asked.resolve(JSON.parse(String(line))));
    member.write(`${JSON.stringify({ type: "refused", versions: later })}\n`);
  });
  newer.listen(path);
  try {
    assert.partialDeepStrictEqual(await asked.promise, { type: "hello", versions: { oldest: 1, newest: 1 } });
    assert.equal((await older.until("problem")).problem.code, "owner-newer");
    assert.equal((await older.until("stopped")).problem?.code, "owner-newer");
    await older.exited;
  } finally {
    newer.close();
  }
});

test("one that has made room for nobody owns the mux again", async () => {
  await using place = await Place.create();
  const window = place.open("only");
  await window.listening();
  const sessions = () => window.events.filter(({ type }) => type === "session").length;
  const before = sessions();
  const socket = net.connect(join(place.stateDirectory, "run", `${place.port}.sock`));
  socket.write(`${JSON.stringify({ type: "retire" })}\n`);
  await once(socket.resume(), "close");
  await window.until("session", () => sessions() > before);
  assert.equal((await ask(place.port, "only.localhost")).status, 200);
});

const refusal = { type: "refused", versions: later };

/** An owner, which says these messages to each that comes, and others when it comes again. */
async function playOwner(
  { stateDirectory, port }: Place,
  first: readonly unknown[],
  again: readonly unknown[] = first,
): Promise<AsyncDisposable> {
  const listener = await startTcp(() => undefined, { port });
  const run = join(stateDirectory, "run");
  await mkdir(run, { recursive: true, mode: 0o700 });
  let said = first;
  const server = net.createServer((member) => {
    member.on("error", () => undefined);
    for (const message of said) member.write(`${JSON.stringify(message)}\n`);
    said = again;
  });
  await once(server.listen(join(run, `${port}.sock`)), "listening");
  return {
    [Symbol.asyncDispose]: async () => {
      server.close();
      await listener[Symbol.asyncDispose]();
    },
  };
}

test("a window finds a newer owner at its start: it says so and starts nothing", async () => {
  await using place = await Place.create();
  await using _newer = await playOwner(place, [refusal]);
  assert.equal((await place.open("a").until("problem")).problem.code, "owner-newer");
});

const nonsense = { type: "nonsense" };

for (const [when, messages] of Object.entries({
  "at once": [nonsense],
  "later on": [{ type: "welcome", version: versions.newest }, nonsense],
})) {
  test(`a window whose owner says ${when} what cannot be read tells that and ends, and does not join again`, async () => {
    await using place = await Place.create();
    await using _owner = await playOwner(place, messages, [refusal]);
    assert.equal((await place.open("a").until("problem")).problem.code, "channel-misunderstood");
  });

  test(`a mux whose owner says ${when} what cannot be read is seen as strange, and not taken for ended`, async () => {
    await using place = await Place.create();
    await using _owner = await playOwner(place, messages);
    const { platform, env: environment } = process;
    const folder = controlFolder(place.stateDirectory, { platform, environment, uid: process.getuid?.() });
    assert.deepEqual(await observeAll(folder), [{ is: "strange", port: place.port }]);
    assert.deepEqual(await endAll(folder, 0), { ended: [], silent: [place.port] });
  });
}

test("a mux whose owner has more to say than is listened to is seen as that", async () => {
  await using place = await Place.create();
  const welcome = { type: "welcome", version: versions.newest };
  await using _owner = await playOwner(place, [welcome, "x".repeat(65 * 1024 * 1024)]);
  const { platform, env: environment } = process;
  const folder = controlFolder(place.stateDirectory, { platform, environment });
  assert.deepEqual(await observeAll(folder), [{ is: "overlong", port: place.port }]);
});

test("whoever talks nonsense on the control channel is cut off, and the mux goes on", async () => {
  await using place = await Place.create();
  const window = place.open("a");
  await window.listening();
  for (const nonsense of [
    "GET / HTTP/1.1\r\n\r\n",
    '{"type":"stop","graceSeconds":0}\n',
    '{"type":"lend","leases":[]}\n',
  ]) {
    const socket = net.connect(join(place.stateDirectory, "run", `${place.port}.sock`));
    socket.write(nonsense);
    await once(socket.resume(), "close");
  }
  assert.equal((await ask(place.port, "a.localhost")).status, 200);
  assert.equal(window.role, "owner");
});
