/** Domains that are offered. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { domainForCopy, domainForTyped, suggestFor } from "../../src/ui/suggest-domain.ts";

const vite = {
  port: 5173,
  addresses: ["127.0.0.1"],
  process: { pid: 1, name: "vite", folder: "/work/shop" },
  spoken: { protocol: "http", devServer: "Vite" },
} as const;
const postgres = { port: 5432, addresses: ["127.0.0.1"], spoken: { protocol: "postgres" } } as const;
const context = { services: [vite, postgres], folders: ["/work/other", "/work/shop"], taken: [] };

test("a service is named by the open folder that it runs in", () => {
  assert.deepEqual(suggestFor(vite, context), { domain: "shop.localhost", target: 5173 });
  const stranger = { port: 80, addresses: ["127.0.0.1"] };
  assert.deepEqual(suggestFor(stranger, context), { domain: "other.localhost", target: 80 });
});

test("typed targets are named by the service that they lead to, or by their scheme", () => {
  assert.equal(domainForTyped(5173, context), "shop.localhost");
  assert.equal(domainForTyped("tcp://localhost:5432", context), "db.other.test");
  assert.equal(domainForTyped([9000, 9001], context), "other.localhost");
  assert.match(domainForTyped("tcp://localhost:9000", context), /\.test$/);
  assert.equal(domainForTyped("nothing", context), "");
});

test("a copy's domain has a number that is free", () => {
  assert.equal(domainForCopy("shop.test", ["shop.test"]), "shop-2.test");
  assert.equal(domainForCopy("shop.test", ["shop.test", "Shop-2.test", "shop-3.test"]), "shop-4.test");
  assert.equal(domainForCopy("*.shop.test", []), "*.shop-2.test");
  assert.equal(domainForCopy("*", ["*"]), "*");
});
