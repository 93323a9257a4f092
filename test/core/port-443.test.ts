/** The plan for port 443 on each system. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type PortFacts, planFor } from "../../src/core/port-443.ts";

const holder = undefined;
const linux: PortFacts = { system: "linux", start: 1024, mayBindAny: false, holder };

test("Linux: root or a lowered start has the port, anybody else needs one setting that can be taken back", () => {
  for (const free of [
    { ...linux, mayBindAny: true },
    { ...linux, start: 443 },
    { ...linux, start: 0 },
  ]) {
    const { state, commands, step } = planFor(free);
    assert.deepEqual({ state, commands, step }, { state: "free", commands: [], step: undefined });
  }
  // An old kernel without the setting says no by itself; nothing could be done.
  assert.equal(planFor({ ...linux, start: undefined }).state, "free");
  const plan = planFor({ ...linux, start: 1000 });
  assert.equal(plan.state, "needs-change");
  assert.match(plan.explanation, /every user of this machine/);
  assert.deepEqual(plan.commands, ["sudo sysctl -w net.ipv4.ip_unprivileged_port_start=443"]);
  assert.match(plan.keep.join(), /tee \/etc\/sysctl\.d\/50-oneport\.conf$/);
  assert.deepEqual(plan.step, { do: "allow-443", persist: false });
});

test("a port that somebody holds is his, whatever the system allows", () => {
  for (const facts of [linux, { system: "macos" } as const]) {
    const { state, explanation, step } = planFor({ ...facts, holder: "nginx (pid 4711)" });
    assert.deepEqual([state, step], ["taken", undefined]);
    assert.match(explanation, /^nginx \(pid 4711\) listens on port 443 already\./);
  }
});

test("Windows: only a range around the port keeps it, and is named", () => {
  const windows = (first: number, last: number) =>
    planFor({
      system: "windows",
      excluded: [
        { first: 80, last: 80 },
        { first, last },
      ],
      holder,
    });
  assert.equal(windows(444, 500).state, "free");
  assert.equal(windows(400, 442).state, "free");
  for (const [first, last] of [
    [443, 443],
    [400, 443],
    [443, 500],
  ] as const) {
    const { state, explanation, commands } = windows(first, last);
    assert.equal(state, "reserved");
    assert.ok(explanation.includes(`${first} to ${last}`));
    assert.match(
      commands.join("; "),
      /^net stop winnat; netsh int ipv4 add excludedportrange .*startport=443 .*; net start winnat$/,
    );
  }
});

test("macOS: the port is to be had on the wildcard address alone, and the plan says so", () => {
  const { state, explanation } = planFor({ system: "macos", holder });
  assert.equal(state, "reserved");
  assert.match(explanation, /all addresses at once/);
});
