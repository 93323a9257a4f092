/** Holds how the worker's events go out: together where they may wait, and always in order. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { MuxEvent } from "../../src/core/events.ts";
import { Outbox } from "../../src/session/outbox.ts";

const listening: MuxEvent = { type: "listening", port: 8443, addresses: ["127.0.0.1"] };

function report(id: number): MuxEvent {
  return reportOf(undefined, id);
}

function reportOf(route: string | undefined, id: number): MuxEvent {
  const connection = {
    id,
    ...(route !== undefined && { route }),
    client: "127.0.0.1:50000",
    seen: { by: "nothing" as const },
    requests: 0,
    received: 0,
    sent: 0,
    milliseconds: 1,
    ending: { how: "closed" as const },
  };
  return { type: "connection", connection };
}

test("reports of connections that end within a moment go out in one message", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const outbox = new Outbox(resolve);
  for (const id of [1, 2, 3]) outbox.add(report(id));
  assert.deepEqual(JSON.parse(await promise), [report(1), report(2), report(3)]);
});

test("every other event goes at once, and not before the reports that came before it", () => {
  const posted: unknown[] = [];
  const outbox = new Outbox((message) => posted.push(JSON.parse(message)));
  outbox.add(listening);
  outbox.add(report(1));
  outbox.add(listening);
  assert.deepEqual(posted, [[listening], [report(1), listening]]);
});

test("a message is sent once, and the next report opens another", async () => {
  const posted: unknown[] = [];
  const second = Promise.withResolvers<void>();
  const outbox = new Outbox((message) => {
    posted.push(JSON.parse(message));
    if (posted.length === 1) outbox.add(report(2));
    else second.resolve();
  });
  outbox.add(report(1));
  await second.promise;
  assert.deepEqual(posted, [[report(1)], [report(2)]]);
});

test("when nobody reads the log, only connections that are news are told of", () => {
  const posted: unknown[] = [];
  const outbox = new Outbox((message) => posted.push(JSON.parse(message)));
  outbox.isLogged = false;
  const [first, second] = [reportOf("app.test", 1), reportOf("app.test", 2)];
  for (const event of [first, second, listening]) outbox.add(event);
  assert.deepEqual(posted.splice(0), [[first, listening]]);
  outbox.isLogged = true;
  for (const event of [second, listening]) outbox.add(event);
  assert.deepEqual(posted, [[second, listening]]);
});
