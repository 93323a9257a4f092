/** What stands above the routes in the tree. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { stopped } from "../../src/core/mux-state.ts";
import { notices } from "../../src/ui/notices.ts";
import { l10n, running, written } from "./written.ts";

const routes = written({ "shop.test": 3000 });
const setup = { elsewhere: new Map(), isDistrusted: false };
const problem = { code: "name-elsewhere", message: "It leads nowhere.", remedy: "Write a line." };
const labels = (known: Partial<Parameters<typeof notices>[0]>) =>
  notices({ state: running(routes), setup, routes, remoteName: undefined, ...known }, l10n).map(
    ({ label }) => label,
  );

test("nothing stands there while all is well", () => {
  assert.deepEqual(labels({}), []);
});

test("a mux that was stopped is not said to have failed", () => {
  assert.deepEqual(labels({ state: stopped }), ["Oneport is stopped"]);
  assert.deepEqual(labels({ state: { ...stopped, failure: problem } }), ["Oneport could not go on"]);
});

test("names that do not resolve are counted, one in other words than many", () => {
  const elsewhere = (...names: string[]) => new Map(names.map((name) => [name, problem]));
  assert.deepEqual(labels({ setup: { ...setup, elsewhere: elsewhere("a.test") } }), [
    "1 name does not resolve yet",
  ]);
  assert.deepEqual(labels({ setup: { ...setup, elsewhere: elsewhere("a.test", "b.test") } }), [
    "2 names do not resolve yet",
  ]);
});
