/** One window's names in a block that others share. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostsEntry } from "../../src/core/hosts-block.ts";
import { planHosts } from "../../src/core/hosts-plan.ts";

const entry = (text: string): HostsEntry => {
  const [address = "", name = ""] = text.split(" ");
  return { address, name };
};
const plan = (block: string[], wanted: string[]) => {
  const { entries, unused } = planHosts(block.map(entry), wanted.map(entry));
  return { lines: entries.map(({ address, name }) => `${address} ${name}`), unused };
};

test("names of others stay, and are told as unused", () => {
  assert.deepEqual(plan(["127.0.0.1 old.test", "::1 old.test"], ["127.0.0.1 new.test"]), {
    lines: ["127.0.0.1 old.test", "::1 old.test", "127.0.0.1 new.test"],
    unused: ["old.test"],
  });
});

test("a name whose route is of another kind now gets its new address in the same place", () => {
  assert.deepEqual(
    plan(["127.0.0.1 a.test", "::1 a.test", "127.0.0.1 b.test"], ["127.77.1.2 a.test", "127.0.0.1 b.test"]),
    { lines: ["127.77.1.2 a.test", "127.0.0.1 b.test"], unused: [] },
  );
});
