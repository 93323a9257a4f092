/** `oneport ca trust --allow NAME` as it is typed, in a throw-away home. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { permittedNames } from "../../src/core/permitted-names.ts";
import { certificatesIn } from "../../src/core/trust.ts";
import { run } from "../e2e/program.ts";
import { TrustPlace } from "../platform/trust-place.ts";
import { onLinux, userHome } from "./user-home.ts";

const name = "shop.example.com";

test(
  "allowing a name shows what changes, has the new authority trusted, and the old one no more",
  onLinux,
  async () => {
    await using place = await TrustPlace.make();
    const { oneport, json, profile, chromium } = await userHome(place);
    const trusted = async (folder: string) => {
      const { output } = await run("certutil", ["-L", "-d", `sql:${folder}`], place.environment);
      return output.match(/^Oneport root \w{8}/gm) ?? [];
    };
    await oneport("ca", "trust");
    const before = await trusted(profile);
    assert.equal(before.length, 1);

    const { output, errors } = await oneport("ca", "trust", "--allow", name);
    assert.equal(errors, "");
    const [why, adds, was, now] = output.split("\n");
    assert.match(why ?? "", /a new one takes its place/);
    assert.match(adds ?? "", /^It adds +shop\.example\.com, and every name under it$/);
    assert.match(was ?? "", /^Before +test, localhost, internal, home\.arpa, example$/);
    assert.match(now ?? "", /^Now +test, localhost, internal, home\.arpa, example, shop\.example\.com$/);
    assert.match(output, /^It is good for .*shop\.example\.com and names under these/m);
    assert.match(output, /^Chromium, Chrome .* earlier one removed$/m);
    for (const folder of [profile, chromium]) {
      const after = await trusted(folder);
      assert.equal(after.length, 1);
      assert.notDeepEqual(after, before);
    }
    const [root] = certificatesIn(await readFile(join(place.home, "my state", "ca", "root.crt"), "utf8"));
    assert.ok((await permittedNames(root ?? Buffer.alloc(0)))?.names.includes(name));

    const { lines, browsers } = await json("ca", "trust", "--allow", name);
    assert.deepEqual(lines[0]?.type, "allowed");
    assert.deepEqual(lines[0]?.added, []);
    assert.ok(browsers.every(({ result }) => result === "unchanged"));
    assert.deepEqual(await trusted(profile), await trusted(chromium));
  },
);

test("a name that many share is refused, and nothing is made", onLinux, async () => {
  await using place = await TrustPlace.make();
  const { oneport } = await userHome(place);
  const { status, output, errors } = await oneport("ca", "trust", "--allow", "co.uk");
  assert.deepEqual({ status, output }, { status: 1, output: "" });
  assert.match(errors, /^oneport: No authority is made for co\.uk: /);
  assert.ok(!(await readdir(place.home)).includes("my state"));
});
