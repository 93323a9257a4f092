/** Routes from user, workspace and folders as one table. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeRoutes } from "../../src/core/merge-routes.ts";

const user = (value: unknown) => ({ id: "user", rank: 0, value });
const workspace = (value: unknown) => ({ id: "workspace", rank: 1, value });
const folder = (id: string, value: unknown) => ({ id, rank: 2, value });

test("routes of all places stand side by side", () => {
  const { value, routes } = mergeRoutes([user({ "a.test": 1 }), workspace({ "b.test": 2 })]);
  assert.deepEqual(value, { "a.test": 1, "b.test": 2 });
  assert.deepEqual(
    routes.map(({ place, fate }) => [place, fate.is]),
    [
      ["user", "used"],
      ["workspace", "used"],
    ],
  );
});

test("a nearer place replaces a route whole, however its domain is spelled", () => {
  const { value, routes } = mergeRoutes([
    user({ "Shop.Test.": { to: 1, hold: 3 } }),
    workspace({ "shop.test": { to: 2 } }),
  ]);
  assert.deepEqual(value, { "shop.test": { to: 2 } });
  assert.deepEqual(routes[0]?.fate, { is: "replaced", by: "workspace" });
});

test("a folder may disable what the user has", () => {
  const { value } = mergeRoutes([user({ "a.test": 1 }), workspace({ "a.test": { enabled: false } })]);
  assert.deepEqual(value, { "a.test": { enabled: false } });
});

test("of two folders with one domain the first keeps it, and the other is told", () => {
  const { value, routes } = mergeRoutes([folder("one", { "a.test": 1 }), folder("two", { "a.test": 2 })]);
  assert.deepEqual(value, { "a.test": 1 });
  assert.deepEqual(routes[1]?.fate, { is: "conflict", with: "one" });
});

test("two folders that say the same are no conflict", () => {
  const { routes } = mergeRoutes([
    folder("one", { "a.test": { to: 1, hold: 2 } }),
    folder("two", { "a.test": { hold: 2, to: 1 } }),
  ]);
  assert.deepEqual(
    routes.map(({ fate }) => fate.is),
    ["used", "used"],
  );
});

test("a domain twice in one place is passed on, for it is a problem of that place", () => {
  const { value } = mergeRoutes([workspace({ "a.test": 1, "A.test": 2 })]);
  assert.deepEqual(value, { "a.test": 1, "A.test": 2 });
});

test("names that objects inherit are names like any other", () => {
  const { value, routes } = mergeRoutes([user(JSON.parse('{"__proto__": 1, "constructor": 2}'))]);
  assert.deepEqual(Object.keys(value), ["__proto__", "constructor"]);
  assert.equal(routes.length, 2);
});

test("a value that is no object has no routes", () => {
  for (const value of [undefined, null, [], 7, "x"]) assert.deepEqual(mergeRoutes([user(value)]).routes, []);
});
