/** Which Node the command line runs on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { tooOld } from "../../src/cli/node-version.ts";

for (const version of ["22.15.0", "22.15.1", "22.16.0", "23.0.0", "24.21.0", "100.0.0"]) {
  test(`Node ${version} is new enough`, () => assert.equal(tooOld(version), undefined));
}

for (const version of ["22.14.9", "22.9.0", "20.20.2", "18.0.0", "4.15.0"]) {
  test(`Node ${version} is refused in one line that says what is needed`, () => {
    assert.equal(tooOld(version), `oneport: Node ${version} is too old. Run it with Node 22.15 or newer.`);
  });
}
