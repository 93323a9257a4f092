/** Suggested routes: a name that people would have chosen, valid, and not taken. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRoutes } from "../../src/core/route.ts";
import { suggestRoute } from "../../src/core/service-name.ts";
import type { Protocol } from "../../src/core/spoken.ts";

const service = (port: number, name?: string, folder?: string) => ({
  port,
  addresses: ["127.0.0.1"],
  ...(name !== undefined && { process: { pid: 7, name, ...(folder !== undefined && { folder }) } }),
});

const shop = "/home/ada/Shop App";

for (const [protocol, domain, target] of [
  ["http", "shop-app.localhost", 4000],
  ["https", "shop-app.localhost", "https://localhost:4000"],
  ["ws", "shop-app.localhost", "ws://localhost:4000"],
  ["wss", "shop-app.localhost", "wss://localhost:4000"],
  ["postgres", "db.shop-app.test", "tcp://localhost:4000"],
  ["mysql", "db.shop-app.test", "tcp://localhost:4000"],
  ["redis", "cache.shop-app.test", "tcp://localhost:4000"],
  ["ssh", "ssh.shop-app.test", "tcp://localhost:4000"],
  ["smtp", "mail.shop-app.test", "tcp://localhost:4000"],
  ["tls", "secure.shop-app.test", "tls://localhost:4000"],
  ["tcp", "tcp.shop-app.test", "tcp://localhost:4000"],
] as const satisfies readonly (readonly [Protocol, string, number | string])[]) {
  test(`what speaks ${protocol} is suggested as ${domain} to ${target}`, () => {
    assert.deepEqual(suggestRoute(service(4000), { protocol }, shop, []), { domain, target });
  });
}

const web = { protocol: "http" } as const;

for (const [where, own, folder, taken, domain] of [
  ["the workspace's folder", shop, shop, [], "shop-app.localhost"],
  ["a folder below it", `${shop}/packages/api`, shop, [], "api.shop-app.localhost"],
  ["another project", "/home/ada/blog", shop, [], "blog.localhost"],
  ["another project, without a workspace", "/home/ada/blog", undefined, [], "blog.localhost"],
  ["the root folder, as services are", "/", shop, [], "shop-app.localhost"],
  ["nowhere", undefined, undefined, [], "server.localhost"],
  ["a folder with a like name beside", `${shop} 2`, shop, [], "shop-app-2.localhost"],
  [
    "the workspace's folder, its name being taken",
    shop,
    shop,
    ["Shop-App.localhost."],
    "server.shop-app.localhost",
  ],
  [
    "the workspace's folder, both being taken",
    shop,
    shop,
    ["shop-app.localhost", "server.shop-app.localhost", "shop-app-2.localhost"],
    "shop-app-3.localhost",
  ],
  ["the workspace's folder, under a wildcard", shop, shop, ["*", "*.localhost"], "shop-app.localhost"],
] as const) {
  test(`a web service that was started in ${where} is ${domain}`, () => {
    assert.equal(suggestRoute(service(3000, "server.js", own), web, folder, taken).domain, domain);
  });
}

for (const [folder, domain] of [
  ["/work/Bücher & Café", "bucher-cafe.localhost"],
  ["/work/商店", "商店.localhost"],
  ["/work/가게", "가게.localhost"],
  ["/work/🛒", "app.localhost"],
  ["/work/--x--", "x.localhost"],
  ["/work/@acme/shop_web", "shop-web.localhost"],
  ["/work/xn--x", "xn-x.localhost"],
  ["/work/...", "app.localhost"],
  ["C:\\Users\\Ada\\Shop App", "shop-app.localhost"],
  [`/work/${"long ".repeat(60)}`, "long-long-long-long-long-long-long-long.localhost"],
] as const) {
  test(`the folder ${folder.slice(0, 30)} gives ${domain}`, () => {
    assert.equal(suggestRoute(service(3000), web, folder, []).domain, domain);
  });
}

test("a TCP service that is not known goes by its program, and numbers come before the dot", () => {
  const mongo = service(27017, "mongod");
  const tcp = { protocol: "tcp" } as const;
  assert.equal(suggestRoute(mongo, tcp, shop, []).domain, "mongod.shop-app.test");
  assert.equal(suggestRoute(mongo, tcp, undefined, ["mongod.test"]).domain, "mongod-2.test");
});

test("what localhost does not reach is suggested by its address", () => {
  const resolver = { port: 53, addresses: ["127.0.0.53"] };
  assert.equal(suggestRoute(resolver, { protocol: "tcp" }, shop, []).target, "tcp://127.0.0.53:53");
  assert.equal(suggestRoute(resolver, web, shop, []).target, "http://127.0.0.53:53");
});

test("whatever the folder is called, the suggestion is a valid route", () => {
  const protocols = ["http", "wss", "postgres", "tls"] as const;
  for (let code = 0; code < 0x3000; code += 7) {
    const name = String.fromCodePoint(code, 0x61, code + 3, 0x2d, code);
    for (const protocol of protocols) {
      const { domain, target } = suggestRoute(service(1, name, `/${name}`), { protocol }, `/x/${name}`, []);
      assert.deepEqual(parseRoutes({ [domain]: target }).problems, [], JSON.stringify({ name, domain }));
    }
  }
});
