/** `oneport ca trust` and `oneport ca untrust` as an ordinary user types them, in a throw-away home. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { chown, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../e2e/program.ts";
import { nobody } from "../platform/hosts-support.ts";
import { TrustPlace } from "../platform/trust-place.ts";
import { onLinux, userHome } from "./user-home.ts";

test(
  "trust says first what is trusted, does what a user may do, and prints the rest to be pasted",
  onLinux,
  async () => {
    await using place = await TrustPlace.make();
    const { oneport, json, profile } = await userHome(place);
    const { status, output, errors } = await oneport("ca", "trust");
    assert.equal(errors, "");
    const file = join(place.home, "my state", "ca", "root.crt");
    const { fingerprint256 } = new X509Certificate(await readFile(file));
    const [certificate, sha256, names, empty, head, ...rows] = output.split("\n");
    assert.equal(certificate, `Certificate  ${file}`);
    assert.equal(sha256, `SHA-256      ${fingerprint256}`);
    assert.match(names ?? "", /test, localhost, internal, home\.arpa, example .*127\.0\.0\.0\/8, ::1/);
    assert.equal(empty, "");
    assert.match(head ?? "", /^STORE +PLACE +RESULT +WHAT TO DO$/);
    const row = (start: string) => rows.find((line) => line.startsWith(start)) ?? "";
    assert.match(row("Chromium, Chrome"), / ~\/\.pki\/nssdb +trusted now$/);
    assert.match(row("Firefox (my profile)"), / ~\/\.mozilla\/firefox\/abcdefgh\.my profile +trusted now$/);
    assert.match(output, /Browsers that are open/);

    const { elevated, browsers, ...again } = await json("ca", "trust");
    assert.deepEqual(
      browsers.map(({ result, state }) => [result, state]),
      [
        ["unchanged", "trusted"],
        ["unchanged", "trusted"],
      ],
    );
    const found = browsers.find(({ id }) => id === `firefox:${profile}`);
    assert.equal(found?.place, profile);
    const authority = again.lines.find(({ type }) => type === "authority");
    assert.deepEqual([authority?.file, authority?.sha256], [file, fingerprint256]);
    // Where the system has a store it is the administrator's, and stays as it is.
    assert.equal(status, elevated.length > 0 ? 1 : 0);
    assert.equal(again.status, status);
    for (const { id, result, state, command } of elevated) {
      assert.deepEqual([result, state], ["elevation", "not-trusted"], String(id));
      assert.match(String(command), /^sudo \/\S+ .*&& sudo \/\S+/);
      assert.ok(output.includes(`\n  ${command}\n`), output);
    }
  },
);

test(
  "untrust removes the roots of earlier authorities too, keeps today's authority, and is done twice",
  onLinux,
  async () => {
    await using place = await TrustPlace.make();
    const { oneport, json, profile, chromium } = await userHome(place);
    await oneport("ca", "trust");
    const authority = join(place.home, "my state", "ca");
    await rm(authority, { recursive: true });
    await oneport("ca", "trust");
    const trusted = async (folder: string) => {
      const { output } = await run("certutil", ["-L", "-d", `sql:${folder}`], place.environment);
      return output.match(/^Oneport root/gm)?.length ?? 0;
    };
    assert.deepEqual([await trusted(profile), await trusted(chromium)], [2, 2]);

    // Even a broken authority can be taken back.
    await writeFile(join(authority, "issuer.key"), "damaged");
    const { status, output, errors } = await oneport("ca", "untrust");
    assert.deepEqual({ status, errors }, { status: 0, errors: "" });
    assert.match(output, /^Firefox \(my profile\) .* removed$/m);
    assert.deepEqual([await trusted(profile), await trusted(chromium)], [0, 0]);
    assert.ok((await readdir(authority)).includes("root.crt"));
    assert.deepEqual(await readdir(join(place.home, "my state", "trusted")), []);

    const second = await oneport("ca", "untrust");
    assert.equal(second.status, 0);
    assert.match(second.output, /^Firefox \(my profile\) .* nothing was there$/m);
    const { browsers } = await json("ca", "untrust");
    assert.ok(browsers.every(({ result, state }) => result === "unchanged" && state === "not-trusted"));
  },
);

test("one store that fails does not keep the others from being done", onLinux, async () => {
  await using place = await TrustPlace.make();
  const broken = await place.folder("snap", "brave", "current", ".pki", "nssdb");
  await writeFile(join(broken, "cert9.db"), "not a database");
  const { json } = await userHome(place);
  const { status, browsers } = await json("ca", "trust");
  assert.equal(status, 1);
  const results = Object.fromEntries(browsers.map(({ name, result, state }) => [name, [result, state]]));
  assert.deepEqual(results, {
    "Chromium, Chrome": ["done", "trusted"],
    "brave (snap)": ["failed", "unknown"],
    "Firefox (my profile)": ["done", "trusted"],
  });
  const failed = browsers.find(({ name }) => name === "brave (snap)");
  assert.equal(failed?.code, "store-unusable");
  assert.ok(failed?.message && failed?.remedy);
});

test("an authority that is not Oneport's, or could certify any name, is not trusted", onLinux, async () => {
  await using place = await TrustPlace.make();
  const { oneport, chromium } = await userHome(place);
  await oneport("ca", "path");
  const folder = join(place.home, "my state", "ca");
  const make = async (name: string) => {
    const key = ["-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    const openssl = async (...list: readonly string[]) => {
      const { status, errors } = await run("openssl", ["req", "-x509", ...key, ...list], place.environment);
      assert.equal(status, 0, errors);
    };
    const [rootKey, root] = [join(place.home, "root.key"), join(folder, "root.crt")];
    await openssl("-subj", `/CN=${name}/O=Oneport`, "-keyout", rootKey, "-out", root);
    const signed = ["-CA", root, "-CAkey", rootKey, "-addext", "basicConstraints=critical,CA:TRUE"];
    const out = ["-keyout", join(folder, "issuer.key"), "-out", join(folder, "issuer.crt")];
    await openssl("-subj", "/CN=issuer", ...signed, ...out);
    if (process.getuid?.() === 0) {
      for (const file of await readdir(folder)) await chown(join(folder, file), nobody, nobody);
    }
  };
  const refusals = {
    Somebody: /not hold the certificate/,
    "Oneport root 0a1b2c3d": /could certify any name/,
  };
  for (const [name, message] of Object.entries(refusals)) {
    await make(name);
    const { status, output, errors } = await oneport("ca", "trust");
    assert.deepEqual({ status, output }, { status: 1, output: "" });
    assert.match(errors, message);
  }
  const { output } = await run("certutil", ["-L", "-d", `sql:${chromium}`], place.environment);
  assert.doesNotMatch(output, /,.*,\s*$/m);
});
