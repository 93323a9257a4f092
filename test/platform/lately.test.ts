/** Holds how long an answer is good without being looked for again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Lately } from "../../src/platform/lately.ts";

test("an answer is given again for a second at most, and then forgotten", () => {
  const lately = new Lately<number>();
  assert.equal(lately.get("a.test", 5000), undefined);
  lately.add("a.test", 1);
  assert.equal(lately.get("a.test", 5999), 1);
  assert.equal(lately.get("b.test", 5999), undefined);
  assert.equal(lately.get("a.test", 6000), undefined);
});

test("a clock that is set back does not make an answer good for longer", () => {
  const lately = new Lately<number>();
  lately.get("a.test", 5000);
  lately.add("a.test", 1);
  assert.equal(lately.get("a.test", 4000), undefined);
});
