/** Targets typed into one line. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readTyped, shownTargets, type TargetValue, withTargets } from "../../src/ui/typed-target.ts";

test("a port, a URL, or several of one kind between commas are targets", () => {
  assert.deepEqual(readTyped(" 3000 "), { ok: true, value: 3000 });
  assert.deepEqual(readTyped("tcp://localhost:5432"), { ok: true, value: "tcp://localhost:5432" });
  assert.deepEqual(readTyped("3000, 3001"), { ok: true, value: [3000, 3001] });
  assert.deepEqual(readTyped("ws://localhost:1/a,b"), { ok: true, value: "ws://localhost:1/a,b" });
});

test("what is wrong with them is told", () => {
  const codes = ["", "0", "shop", "htp://localhost:1", "3000,", "3000, tcp://localhost:1"].map((text) => {
    const read = readTyped(text);
    return read.ok ? undefined : read.error.code;
  });
  const mixed = "route-mixed-targets";
  assert.deepEqual(codes, ["target-url", "target-port", "target-url", "target-scheme", "target-url", mixed]);
});

test("a route's targets are shown in one line, whatever else it says", () => {
  assert.equal(shownTargets(3000), "http://localhost:3000");
  assert.equal(shownTargets(["3000", 3001]), "http://localhost:3000, http://localhost:3001");
  assert.equal(shownTargets({ to: "tcp://localhost:1", hold: 3 }), "tcp://localhost:1");
  assert.equal(shownTargets({ to: 3000, enabled: false }), "http://localhost:3000");
  assert.equal(shownTargets({ hold: 3 }), undefined);
  assert.equal(shownTargets("nothing"), undefined);
});

test("new targets leave the options as they were", () => {
  const written = (value: unknown, targets: TargetValue) => {
    const changed = withTargets(value, targets);
    return changed.ok ? changed.value : changed.error.code;
  };
  assert.deepEqual(written({ hold: 3, to: 3000 }, 3001), { hold: 3, to: 3001 });
  assert.equal(written(3000, "tcp://localhost:1"), "tcp://localhost:1");
  assert.deepEqual(written([3000, 3001], [1, 2]), [1, 2]);
});

test("new targets that an option of the route does not go with are refused", () => {
  const changed = withTargets({ to: 3000, hostHeader: "localhost:3000" }, "tcp://localhost:1");
  assert.match(changed.ok ? "" : changed.error.message, /^"hostHeader" has no meaning for tcp:/);
});
