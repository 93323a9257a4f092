/** Switching a route off and on changes nothing else of what was written. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { withEnabled } from "../../src/core/enabled-value.ts";

for (const value of [3000, "tcp://localhost:5432", [3000, 3001], { to: 3000, hold: 2 }]) {
  test(`${JSON.stringify(value)} comes back as it was`, () => {
    const off = withEnabled(value, false);
    assert.deepEqual(off, {
      ...(typeof value === "object" && !Array.isArray(value) ? value : { to: value }),
      enabled: false,
    });
    assert.deepEqual(withEnabled(off, true), value);
  });
}

test("a route with no target stays an object", () => {
  assert.deepEqual(withEnabled({ enabled: false }, true), {});
});
