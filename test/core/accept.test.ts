/** The choice of a media type from an Accept header. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { negotiate } from "../../src/core/accept.ts";

const offers = ["text/plain", "text/html", "application/json"] as const;

const cases: readonly (readonly [header: string | undefined, expected: string, why: string])[] = [
  [undefined, "text/plain", "no header: the first offer"],
  ["", "text/plain", "an empty header: the first offer"],
  ["*/*", "text/plain", "anything goes: the first offer"],
  ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html", "a browser's page load"],
  ["application/json, text/plain, */*", "application/json", "of equals the one named first"],
  ["*/*, application/json", "application/json", "of equals the one named exactly"],
  ["text/html;q=0.5, application/json;q=0.9", "application/json", "the higher weight"],
  ["text/html;q=0.9, application/json;q=0.90", "text/html", "0.9 and 0.90 are equal"],
  ["TEXT/HTML ; Q=1", "text/html", "case and white space do not matter"],
  ["text/html;level=1, application/json;q=0.5", "text/html", "a parameter that is no weight changes none"],
  ["text/*, application/json;q=0.4", "text/plain", "a range of subtypes"],
  ["text/*, application/json", "application/json", "of equals the one named exactly, not by its kind"],
  ["*/*, text/*", "text/plain", "of equals the one named by its kind"],
  ["*/*, text/plain;q=0.1", "text/html", "what is not named has the weight of anything else"],
  ["text/*, text/plain;q=0.1", "text/html", "the exact range decides the weight of its type"],
  ["text/html;q=0, */*", "text/plain", "a weight of 0 rules a type out"],
  ["text/html;q=0", "text/plain", "nothing acceptable: the first offer"],
  ["image/png", "text/plain", "nothing that we have: the first offer"],
  ["text/html;q=7, application/json;q=0.1", "application/json", "a broken weight counts for nothing"],
  ["text/html;q=10, text/plain;q=1.5, application/json;q=0.1", "application/json", "so does one above 1"],
  ["text/html;q=abc", "text/plain", "a weight that is no number counts for nothing"],
  ["nonsense, ,;;q=, text/html", "text/html", "broken members are passed over"],
];

for (const [header, expected, why] of cases) {
  test(`Accept ${header === undefined ? "absent" : JSON.stringify(header)} gives ${expected}: ${why}`, () => {
    assert.equal(negotiate(header, offers), expected);
  });
}

test("a header of 64 KiB is read in linear time", () => {
  const started = performance.now();
  assert.equal(negotiate("a/b;q=0.1,".repeat(6_500), offers), "text/plain");
  assert.ok(performance.now() - started < 10_000);
});
