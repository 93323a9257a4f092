/** What may surprise about a route that works. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRoutes } from "../../src/core/route.ts";
import { routeNotes } from "../../src/core/route-notes.ts";

function notesOn(key: string, target: string | number) {
  const { routes, problems } = parseRoutes({ [key]: target });
  const [route] = routes;
  assert.ok(route, JSON.stringify(problems));
  return routeNotes(key, route);
}

const surprising: readonly [key: string, target: string | number, code: string, remedy: string][] = [
  ["db.localhost", "tcp://localhost:5432", "note-localhost-stream", 'Write "db.test".'],
  ["auth.localhost", "tls://localhost:8444", "note-localhost-stream", 'Write "auth.test".'],
  ["old.shop.localhost", "tcp+ws://localhost:1", "note-localhost-stream", 'Write "old.shop.test".'],
  ["shop.local", 3000, "note-multicast", 'Write "shop.test".'],
  ["shop.local.", 3000, "note-multicast", 'Write "shop.test".'],
  ["*.shop.local", 3000, "note-multicast", 'Write "*.shop.test".'],
  ["shop.dev", 3000, "note-https-only", 'Write "shop.test".'],
  ["shop.com", 3000, "note-public-name", 'Write "shop.test".'],
  ["bücher.shop", 3000, "note-public-name", 'Write "bücher.test".'],
];

for (const [key, target, code, remedy] of surprising) {
  test(`${key} to ${target} has the note ${code}`, () => {
    const [note, ...others] = notesOn(key, target);
    assert.deepEqual(others, []);
    assert.deepEqual([note?.code, note?.remedy, note?.path, note?.part], [code, remedy, [key], "key"]);
  });
}

for (const [key, target] of [
  ["shop.localhost", 3000],
  ["shop.localhost", "ws://localhost:5000"],
  ["db.test", "tcp://localhost:5432"],
  ["shop.internal", 3000],
  ["*.shop.test", 3000],
  ["*", "tcp://localhost:5432"],
] as const) {
  test(`${key} to ${target} has no note`, () => {
    assert.deepEqual(notesOn(key, target), []);
  });
}
