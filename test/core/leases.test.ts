import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { leasesOf, mergeLeases } from "../../src/core/leases.ts";

describe("What a window lends", () => {
  it("is each good route under its domain's normal form, the first where one is written twice", () => {
    const written = {
      "Shop.Localhost.": 3000,
      "shop.localhost": 4000,
      "bad domain": 1,
      "b.test": "htp://x",
      "c.test": 0,
    };
    assert.deepEqual(leasesOf(written, [], 7), [{ domain: "shop.localhost", value: 3000, since: 7 }]);
  });

  it("is not a route that is disabled, and nothing of what is no object", () => {
    assert.deepEqual(leasesOf({ "a.test": { to: 3000, enabled: false } }, [], 0), []);
    for (const written of [undefined, null, 3000, "a.test", [3000]])
      assert.deepEqual(leasesOf(written, [], 0), []);
  });

  it("keeps the time at which it was first lent, also with another target", () => {
    const before = leasesOf({ "a.test": 3000, "b.test": 3000 }, [], 1);
    const after = leasesOf({ "a.test": 4000, "c.test": 3000 }, before, 2);
    assert.deepEqual(
      after.map(({ domain, since }) => [domain, since]),
      [
        ["a.test", 1],
        ["c.test", 2],
      ],
    );
  });

  it("may be called like what every object has", () => {
    const written: unknown = JSON.parse('{"__proto__": 3000, "constructor": 3001}');
    const leases = leasesOf(written, [], 0);
    const { routes, lenders } = mergeLeases([{ id: "__proto__", leases }]);
    assert.deepEqual(Object.keys(routes), ["__proto__", "constructor"]);
    assert.deepEqual(lenders.get("__proto__"), ["__proto__"]);
  });
});

describe("The routes of several windows", () => {
  const lend = (id: string, since: number, written: object) => ({ id, leases: leasesOf(written, [], since) });

  it("are one table", () => {
    const merged = mergeLeases([lend("a", 1, { "a.test": 3000 }), lend("b", 2, { "b.test": 3001 })]);
    assert.deepEqual(merged.routes, { "a.test": 3000, "b.test": 3001 });
    assert.equal(merged.conflicts.size, 0);
  });

  it("are shared where they say the same, however that is written", () => {
    const merged = mergeLeases([
      lend("b", 2, { "a.test": { to: "http://localhost:3000" } }),
      lend("a", 1, { "a.test": 3000 }),
    ]);
    assert.deepEqual(merged.lenders.get("a.test"), ["a", "b"]);
    assert.equal(merged.conflicts.size, 0);
  });

  it("stay with the first to lend a domain, whatever the order they are told in; the other is a conflict", () => {
    const first = lend("z", 1, { "a.test": 3000 });
    const second = lend("a", 2, { "a.test": 3001, "b.test": 3001 });
    for (const lenders of [
      [first, second],
      [second, first],
    ]) {
      const { routes, conflicts } = mergeLeases(lenders);
      assert.deepEqual(routes, { "a.test": 3000, "b.test": 3001 });
      assert.deepEqual([...conflicts], [["a", [{ domain: "a.test", heldBy: "z" }]]]);
    }
  });

  it("are in conflict each on its own, and lent by those alone whose route is used", () => {
    const { lenders, conflicts } = mergeLeases([
      lend("a", 1, { "a.test": 3000, "b.test": 3000 }),
      lend("b", 2, { "a.test": 3001, "b.test": 3001 }),
    ]);
    assert.deepEqual(conflicts.get("b"), [
      { domain: "a.test", heldBy: "a" },
      { domain: "b.test", heldBy: "a" },
    ]);
    assert.deepEqual(lenders.get("a.test"), ["a"]);
  });

  it("are in conflict also where only an option differs", () => {
    const merged = mergeLeases([
      lend("a", 1, { "a.test": 3000 }),
      lend("b", 2, { "a.test": { to: 3000, hold: 0 } }),
    ]);
    assert.deepEqual([...merged.conflicts.keys()], ["b"]);
  });
});
