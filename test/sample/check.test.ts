/** The sample that `npm start` shows, driven once by real clients through the bundled command line. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkSample } from "./check.ts";

test("every route of the sample answers each of its clients", async () => {
  const findings = await checkSample();
  assert.equal(findings.length, 5);
  assert.deepEqual(
    findings.filter(({ good }) => !good),
    [],
  );
});
