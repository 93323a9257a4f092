/** The last labels that browsers treat in a way of their own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isHttpsOnly, isMulticast } from "../../src/core/top-level-domains.ts";

test("names under .dev, .app and their kin are asked by HTTPS only, others are not", () => {
  for (const name of ["shop.dev", "a.b.app", "x.page"]) assert.ok(isHttpsOnly(name), name);
  for (const name of ["shop.test", "dev.shop.test", "localhost"]) {
    assert.ok(!isHttpsOnly(name), name);
  }
});

test("names under .local belong to multicast DNS", () => {
  assert.ok(isMulticast("printer.local"));
  assert.ok(!isMulticast("local.test"));
  assert.ok(!isMulticast("shop.localhost"));
});
