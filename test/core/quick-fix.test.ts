/** What is offered in place of a mistake in the settings. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { quickFixes } from "../../src/core/quick-fix.ts";
import { parseRoutes } from "../../src/core/route.ts";
import { routeNotes } from "../../src/core/route-notes.ts";
import { parseSettings } from "../../src/core/settings.ts";

type Values = Readonly<Record<string, unknown>>;

/** The fixes for the one problem with these settings. */
function fixesFor(values: Values) {
  const [problem, ...others] = parseSettings(values).problems;
  assert.ok(problem);
  assert.deepEqual(others, []);
  return quickFixes(problem, JSON.stringify(at(values, problem.path, problem.part)));
}

function at(values: unknown, path: readonly (string | number)[], end: "key" | "value"): unknown {
  if (end === "key") return path.at(-1);
  return path.reduce<unknown>(
    (value, step) => new Map(Object.entries(value ?? {})).get(String(step)),
    values,
  );
}

/** The texts that are offered for this setting. */
function offered(values: Values): unknown[] {
  return fixesFor(values).map((fix) => (fix.do === "write" ? JSON.parse(fix.json) : fix.do));
}

const route = (key: string, value: unknown) => ({ "oneport.routes": { [key]: value } });

const fixed: readonly [values: Values, ...offered: unknown[]][] = [
  [{ "oneport.rotues": {} }, "oneport.routes"],
  [{ "oneport.Port": 8443 }, "oneport.port"],
  [{ "oneport.port": "8443" }, 8443],
  [{ "oneport.port": "Auto" }, "auto"],
  [{ "oneport.certificates": "selfsigned" }, "selfSigned"],
  [{ "oneport.autoStart": "false" }, false],
  [{ "oneport.helloTimeout": "2.5" }, 2.5],
  [{ "oneport.acceptProxy": "127.0.0.1" }, ["127.0.0.1"]],
  [route("https://shop.test:8443/", 3000), "shop.test"],
  [route("shop.test:8443", 3000), "shop.test"],
  [route("shop..test", 3000), "shop.test"],
  [route("shop.test", "localhost:3000"), "http://localhost:3000", "tcp://localhost:3000"],
  [route("shop.test", "htp://localhost:3000"), "http://localhost:3000"],
  [route("shop.test", [3000, "http:localhost:3001"]), "http://localhost:3001"],
  [route("shop.test", "http://localhost:3000/api"), "http://localhost:3000"],
  [route("db.test", "postgres://localhost:5432/shop"), "tcp://localhost:5432"],
  [route("shop.test", { to: 3000, hodl: 5 }), "hold"],
  [route("shop.test", { to: 3000, hold: "5" }), 5],
  [route("shop.test", { to: 3000, enabled: "true" }), true],
  [route("shop.test", { to: 3000, healthPath: "health" }), "/health"],
  [route("shop.test", { to: 3000, hostHeader: "http://localhost:3000/" }), "localhost:3000"],
  [route("shop.test", { to: 3000, sendProxy: 2 }), "remove"],
  [{ "oneport.routes": { "shop.test": 3000, "Shop.test": 3001 } }, "remove"],
];

for (const [values, ...expected] of fixed) {
  test(`${JSON.stringify(values)} can become ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(offered(values), expected);
  });
}

const unclear: readonly Values[] = [
  { "oneport.nothing": 1 },
  { "oneport.port": 0 },
  { "oneport.port": "" },
  { "oneport.port": "443 or so" },
  { "oneport.autoStart": "yes" },
  { "oneport.acceptProxy": ["10.0.0.0/8"] },
  { "oneport.acceptProxy": "localhost" },
  { "oneport.routes": [] },
  route("127.0.0.1", 3000),
  route("", 3000),
  route("shop.test", 0),
  route("shop.test", null),
  route("shop.test", "shop"),
  route("shop.test", []),
  route("shop.test", {}),
  route("shop.test", "tcp://localhost"),
  route("shop.test", "postgres://localhost/shop"),
  route("shop.test", { to: 3000, hold: 601 }),
  route("shop.test", { to: 3000, hold: "601" }),
  route("shop.test", `localhost:3000${"0".repeat(80)}`),
  route("shop.test", `wz://localhost:5000/${"a".repeat(80)}`),
  route("shop.test", `ws://localhost:5000/${"a".repeat(80)}?b`),
  route("shop.test", `htp://${"shop.".repeat(20)}test:3000`),
];

for (const values of unclear) {
  test(`${JSON.stringify(values).slice(0, 100)} is left to its writer`, () => {
    assert.deepEqual(offered(values), []);
  });
}

test("a note offers the name it advises", () => {
  const [localhost] = parseRoutes({ "db.localhost": "tcp://localhost:5432" }).routes;
  assert.ok(localhost);
  const [note] = routeNotes("db.localhost", localhost);
  assert.ok(note);
  assert.deepEqual(quickFixes(note, '"db.localhost"'), [{ do: "write", json: '"db.test"' }]);
});
