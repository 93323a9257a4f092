/** The list of services to choose from. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Service } from "../../src/core/service.ts";
import { describeService, placeOf, routeTo, serviceRows } from "../../src/ui/service-rows.ts";
import { l10n, written } from "./written.ts";

const at = (port: number, name: string, folder: string, spoken?: Service["spoken"]): Service => ({
  port,
  addresses: ["127.0.0.1"],
  process: { pid: port, name, folder },
  ...(spoken && { spoken }),
});

const services = [
  at(80, "nginx", "/", { protocol: "http", server: "nginx/1.22.1", title: "Welcome" }),
  at(3000, "server.js", "/work/shop", { protocol: "http", title: "Shop" }),
  at(3001, "api.js", "/work/shop"),
  at(4000, "routed.js", "/work/shop", { protocol: "http" }),
  at(5173, "node", "/elsewhere", { protocol: "http", devServer: "Vite" }),
  at(5432, "postgres", "/var/lib/postgresql", { protocol: "postgres" }),
];

test("what is worked on here comes first, then the rest by what it speaks, and last what has a route", () => {
  const rows = serviceRows(services, written({ "api.test": 4000 }), ["/work/shop"], l10n);
  assert.deepEqual(
    rows.map(({ label, description, icon, group }) => [label, description, icon, group]),
    [
      ["localhost:3000", "server.js · HTTP · “Shop”", "globe", "developed"],
      ["localhost:3001", "api.js", "circle-large-outline", "developed"],
      ["localhost:5173", "node · Vite", "globe", "developed"],
      ["localhost:80", "nginx · HTTP · “Welcome”", "globe", "other"],
      ["localhost:5432", "postgres · PostgreSQL", "database", "other"],
      ["localhost:4000", "routed.js · HTTP · has the route api.test", "globe", "routed"],
    ],
  );
});

test("a program that is called what it is, is named once", () => {
  assert.deepEqual(describeService(at(1, "vite", "/", { protocol: "http", devServer: "Vite" })), ["Vite"]);
  assert.deepEqual(describeService({ port: 1, addresses: [] }), []);
});

test("nothing that others have named can hide or turn what is written beside it", () => {
  const described = describeService(at(1, "a\u202eb", "/", { protocol: "tcp", title: "c\u0007" }));
  assert.deepEqual(described, ["a\\xe2\\x80\\xaeb", "TCP", "“c\\x07”"]);
});

test("a service is shown where it is reached", () => {
  assert.equal(placeOf({ port: 1, addresses: ["0.0.0.0"] }), "localhost:1");
  assert.equal(placeOf({ port: 1, addresses: ["::"] }), "localhost:1");
  assert.equal(placeOf({ port: 1, addresses: ["127.0.0.2"] }), "127.0.0.2:1");
});

test("the route to a service is one of this window that may act", () => {
  const [service = at(0, "", "")] = services;
  assert.equal(routeTo(service, written({ "a.test": 81, "b.test": [79, 80] })), "b.test");
  assert.equal(routeTo(service, written({ "a.test": 80 }, undefined, { is: "untrusted" })), undefined);
  assert.equal(routeTo(service, written({ "a.test": "http://192.168.0.9:80" })), undefined);
});
