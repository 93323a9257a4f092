/** The lines that routes need in the hosts file. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { hostsEntries, hostsMarkers, needsConsent, renderHostsBlock } from "../../src/core/hosts-block.ts";
import { assignAddresses } from "../../src/core/loopback.ts";
import { parseRoutes } from "../../src/core/route.ts";

test("HTTP names get both loopback addresses, address-routed names only their own, wildcards and localhost none", () => {
  const { routes } = parseRoutes({
    "shop.test": 3000,
    "db.test": "tcp://localhost:5432",
    "auth.test": "tls://localhost:8444",
    "old.test": "tcp+ws://localhost:5000",
    "live.test": "ws://localhost:5000",
    "*.shop.test": 3001,
    "*": 3002,
    localhost: 3003,
    "app.localhost": 3004,
    "db.localhost": "tcp://localhost:5432",
    "off.test": { to: 3005, enabled: false },
  });
  const own = assignAddresses(["db.test", "auth.test", "old.test"]);
  assert.deepEqual(hostsEntries(routes), [
    { address: "127.0.0.1", name: "shop.test" },
    { address: "::1", name: "shop.test" },
    { address: own.get("db.test"), name: "db.test" },
    { address: own.get("auth.test"), name: "auth.test" },
    { address: own.get("old.test"), name: "old.test" },
    { address: "127.0.0.1", name: "live.test" },
    { address: "::1", name: "live.test" },
  ]);
});

test("of two routes for one name the first counts, as in the table", () => {
  const routes = [3000, "tcp://localhost:1"].flatMap((to) => parseRoutes({ "shop.test": to }).routes);
  assert.deepEqual(
    hostsEntries(routes).map(({ address }) => address),
    ["127.0.0.1", "::1"],
  );
});

test("only names that are nobody's on the Internet need no consent", () => {
  for (const name of ["shop.test", "test", "a.localhost", "x.internal", "nas.home.arpa", "a.example"]) {
    assert.equal(needsConsent(name), false, name);
  }
  for (const name of ["shop.com", "example.com", "mytest", "test.dev", "arpa", "printer.local", "shop"]) {
    assert.equal(needsConsent(name), true, name);
  }
});

test("the block has one name a line between its markers", () => {
  const entries = [
    { address: "127.0.0.1", name: "shop.test" },
    { address: "::1", name: "shop.test" },
  ];
  const lines = [
    "# BEGIN Oneport (everything up to END Oneport is rewritten)",
    "127.0.0.1 shop.test",
    "::1 shop.test",
    "# END Oneport",
    "",
  ];
  assert.equal(renderHostsBlock(entries), lines.join("\n"));
  assert.equal(renderHostsBlock(entries, "\r\n"), lines.join("\r\n"));
  assert.deepEqual([lines[0], lines[3]], [hostsMarkers.begin, hostsMarkers.end]);
});

test("no entries are no block", () => {
  assert.equal(renderHostsBlock([]), "");
});
