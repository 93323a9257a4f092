/** Which names an authority may be widened by. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkAddedName } from "../../src/core/added-name.ts";

for (const name of [
  "shop.example.com",
  "example.com",
  "shop.lan",
  "me.com",
  "example.co.uk",
  "mine.github.io",
]) {
  test(`${name} may be added`, () => {
    assert.deepEqual(checkAddedName(name), { ok: true, value: undefined });
  });
}

for (const name of ["com", "dev", "co.uk", "com.au", "ac.jp", "github.io", "vercel.app", "10.0.0.1", "::1"]) {
  test(`${name} may not be added, for more than one's own would come with it`, () => {
    const checked = checkAddedName(name);
    assert.ok(!checked.ok);
    assert.equal(checked.error.code, "name-not-addable");
    assert.ok(checked.error.message.includes(name));
  });
}
