/** Findings as lines. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatFinding, wrong } from "../../src/core/diagnosis.ts";

const plain = (_format: string, text: string) => text;

test("a finding is one line whose first character tells its state without colour", () => {
  const about = { check: "name", subject: "shop.test" } as const;
  assert.equal(formatFinding({ ...about, state: "ok", message: "Good." }, plain), "✓ shop.test: Good.");
  const note = formatFinding({ ...about, state: "note", message: "Odd.", remedy: "Look." }, plain);
  assert.equal(note, "! shop.test: Odd. Look.");
  const problem = { code: "x", message: "Bad.", remedy: "Mend it." };
  assert.equal(formatFinding(wrong("port", problem), plain), "✗ Bad. Mend it.");
  assert.equal(formatFinding(wrong("port", problem, "port 1"), plain), "✗ port 1: Bad. Mend it.");
});

test("what comes from outside cannot break out of its line", () => {
  const hostile = { code: "x", message: "a\nb\u001b[2J", remedy: "c\r" };
  assert.equal(
    formatFinding(wrong("target", hostile, "d\u202e"), plain),
    "✗ d\\xe2\\x80\\xae: a\\x0ab\\x1b[2J c\\x0d",
  );
});
