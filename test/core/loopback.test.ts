/** The loopback addresses of routes that are told apart by address. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assignAddresses, needsAddress } from "../../src/core/loopback.ts";
import { parseRoutes } from "../../src/core/route.ts";

const many = Array.from({ length: 5000 }, (_, i) => `service-${i}.test`);

test("an address is the same on every machine and for ever", () => {
  assert.deepEqual(
    Object.fromEntries(assignAddresses(["db.shop.test", "auth.shop.test", "edge.shop.test"])),
    {
      "db.shop.test": "127.77.243.157",
      "auth.shop.test": "127.77.71.76",
      "edge.shop.test": "127.77.12.254",
    },
  );
});

test("every name has an address of its own within 127.77.0.0/16, never .0 or .255", () => {
  const addresses = assignAddresses(many);
  assert.deepEqual([...addresses.keys()].sort(), [...many].sort());
  assert.equal(new Set(addresses.values()).size, many.length);
  for (const address of addresses.values()) {
    const [, x, y] = /^127\.77\.(\d+)\.(\d+)$/.exec(address) ?? [];
    assert.ok(Number(x) <= 255 && Number(y) >= 1 && Number(y) <= 254, address);
  }
});

test("neither the order nor a repetition of names changes an address", () => {
  const sorted = (names: readonly string[]) => [...assignAddresses(names)].sort();
  assert.deepEqual(sorted([...many].reverse()), sorted(many));
  assert.deepEqual(sorted([...many, ...many]), sorted(many));
});

test("one more name moves no other, but for one with the same first choice", () => {
  const before = assignAddresses(many);
  const after = assignAddresses([...many, "aaa.test"]);
  assert.ok(many.filter((name) => before.get(name) !== after.get(name)).length <= 1);
});

test("names that collide keep what they have alone wherever they can", () => {
  const addresses = assignAddresses(many);
  const moved = many.filter((name) => assignAddresses([name]).get(name) !== addresses.get(name));
  // Of 5,000 names in 65,024 places about 190 collide; some must, or the probing is not tested here.
  assert.ok(moved.length > 50 && moved.length < 400, String(moved.length));
});

test("the addresses may run out", () => {
  const names = Array.from({ length: 65_030 }, (_, i) => `n${i}.test`);
  const addresses = assignAddresses(names);
  assert.equal(addresses.size, 65_024);
  assert.equal(new Set(addresses.values()).size, 65_024);
});

test("streams to a name of their own need an address", () => {
  const { routes } = parseRoutes({
    "tcp.test": "tcp://localhost:1",
    "tls.test": "tls://localhost:1",
    "tunnel.test": "tcp+ws://localhost:1",
    "http.test": "http://localhost:1",
    "ws.test": "ws://localhost:1",
    "*.tcp.test": "tcp://localhost:1",
    "*": "tcp://localhost:1",
    localhost: "tcp://localhost:1",
    "db.localhost": "tcp://localhost:1",
    "a.b.localhost": "tls://localhost:1",
    notlocalhost: "tcp://localhost:1",
  });
  const needing = routes.filter(needsAddress).map(({ domain }) => domain.kind === "exact" && domain.name);
  assert.deepEqual(needing, ["tcp.test", "tls.test", "tunnel.test", "notlocalhost"]);
});
