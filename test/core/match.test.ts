/** The look-up of names among routes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RouteTable } from "../../src/core/match.ts";
import { parseRoutes } from "../../src/core/route.ts";

function tableOf(routes: object): RouteTable {
  const parsed = parseRoutes(routes);
  assert.deepEqual(parsed.problems, []);
  return new RouteTable(parsed.routes);
}

const portOf = (table: RouteTable, name: string) => table.match(name)?.targets[0].port;

test("exact beats wildcard, and wildcard beats default", () => {
  const table = tableOf({ "*": 1, "*.shop.test": 2, "api.shop.test": 3 });
  assert.equal(portOf(table, "api.shop.test"), 3);
  assert.equal(portOf(table, "live.shop.test"), 2);
  assert.equal(portOf(table, "shop.test"), 1);
  assert.equal(portOf(table, "other.test"), 1);
  assert.equal(table.defaultRoute?.targets[0].port, 1);
});

test("a wildcard matches exactly one label", () => {
  const table = tableOf({ "*.shop.test": 1, "*.localhost": 2 });
  assert.equal(portOf(table, "a.shop.test"), 1);
  assert.equal(portOf(table, "shop.test"), undefined);
  assert.equal(portOf(table, "a.b.shop.test"), undefined);
  assert.equal(portOf(table, "ashop.test"), undefined);
  assert.equal(portOf(table, "localhost"), undefined);
});

test("without a default nothing else matches", () => {
  const table = tableOf({ "shop.test": 1 });
  assert.equal(table.defaultRoute, undefined);
  assert.equal(table.match("other.test"), undefined);
  assert.equal(table.match("127.0.0.1"), undefined);
});

test("names that objects inherit match nothing", () => {
  const table = tableOf({ "*.shop.test": 1 });
  for (const name of ["__proto__", "constructor", "hasownproperty", "a.__proto__", "a.constructor"]) {
    assert.equal(table.match(name), undefined, name);
  }
});

test("of two routes for one domain the first counts", () => {
  const [one, two] = [1, 2].map(
    (port) => parseRoutes({ "a.test": port, "*.a.test": port, "*": port }).routes,
  );
  assert.ok(one && two);
  const table = new RouteTable([...one, ...two]);
  assert.deepEqual(
    ["a.test", "b.a.test", "other"].map((name) => portOf(table, name)),
    [1, 1, 1],
  );
  assert.equal(table.routes.length, 6);
});

test("ten thousand routes are told apart, at a flat cost", () => {
  const many = tableOf(
    Object.fromEntries(
      Array.from({ length: 10_000 }, (_, i) => [i % 2 ? `s${i}.test` : `*.s${i}.test`, i + 1]),
    ),
  );
  for (let i = 0; i < 10_000; i++) {
    assert.equal(portOf(many, i % 2 ? `s${i}.test` : `a.s${i}.test`), i + 1);
  }
  const few = tableOf({ "s1.test": 1, "*.s2.test": 2 });
  const fewTime = timeOf(few);
  assert.ok(timeOf(many) < 20 * fewTime + 5, "10,000 routes must not cost 5,000 times as much as 2");
});

function timeOf(table: RouteTable): number {
  const start = performance.now();
  for (let i = 0; i < 50_000; i++) table.match(i % 2 ? "s9999.test" : "a.s9998.test");
  return performance.now() - start;
}
