/** What NO_PROXY keeps from a proxy. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bypassesProxy } from "../../src/core/no-proxy.ts";

const cases: readonly (readonly [noProxy: string, name: string, bypasses: boolean])[] = [
  ["", "shop.test", false],
  ["*", "shop.test", true],
  ["test", "shop.test", true],
  [".test", "shop.test", true],
  ["*.test", "shop.test", true],
  ["localhost, .Shop.TEST:8443", "api.shop.test", true],
  ["shop.test", "shop.test", true],
  ["shop.test", "my-shop.test", false],
  ["api.shop.test", "shop.test", false],
  ["localhost,127.0.0.1", "shop.localhost", true],
  [",,", "shop.test", false],
];

for (const [noProxy, name, bypasses] of cases) {
  test(`NO_PROXY="${noProxy}" has ${name} asked ${bypasses ? "directly" : "through the proxy"}`, () => {
    assert.equal(bypassesProxy(noProxy, name), bypasses);
  });
}
