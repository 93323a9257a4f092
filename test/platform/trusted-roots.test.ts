/** The memory of which roots were trusted: real files in a throw-away state directory. */
import assert from "node:assert/strict";
import { copyFile, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { OneportError } from "../../src/core/errors.ts";
import { fileNameOf } from "../../src/core/trust.ts";
import { AuthorityFolder } from "../../src/platform/authority-folder.ts";
import { forgetRoots, knownRoots, rememberedRoots, rememberRoot } from "../../src/platform/trusted-roots.ts";
import { TrustPlace } from "./trust-place.ts";

test("a root is remembered with a copy of its own, for this user only, until all are forgotten", async () => {
  await using place = await TrustPlace.make();
  const other = await place.anotherRoot();
  const remembered = await rememberedRoots(place.state);
  assert.deepEqual(remembered.map(({ sha256 }) => sha256).sort(), [place.root.sha256, other.sha256].sort());
  assert.equal(await readFile(place.root.file, "utf8"), place.authority.rootCertificate);
  if (process.platform !== "win32") assert.equal((await stat(place.root.file)).mode & 0o777, 0o600);
  await forgetRoots(place.state);
  assert.deepEqual(await rememberedRoots(place.state), []);
});

test("today's authority is known without being remembered, and once if it is", async () => {
  await using place = await TrustPlace.make();
  const state = join(place.home, "fresh");
  assert.deepEqual(await knownRoots(state), []);
  const folder = new AuthorityFolder(state, () => new Date());
  await folder.readOrMake();
  assert.deepEqual(
    (await knownRoots(state)).map(({ file }) => file),
    [folder.rootFile],
  );
  const { file } = await rememberRoot(state, folder.rootFile);
  assert.deepEqual(
    (await knownRoots(state)).map((root) => root.file),
    [file],
  );
});

test("files that are not what their names say are not believed, and not forgotten either", async () => {
  await using place = await TrustPlace.make();
  const folder = join(place.state, "trusted");
  const other = await place.anotherRoot();
  await copyFile(place.root.file, join(folder, fileNameOf(other)));
  await writeFile(join(folder, "notes.txt"), "mine");
  assert.deepEqual(
    (await rememberedRoots(place.state)).map(({ sha256 }) => sha256),
    [place.root.sha256],
  );
  await forgetRoots(place.state);
  assert.deepEqual((await readdir(folder)).sort(), ["notes.txt", fileNameOf(other)].sort());
});

test("the certificate of anybody else is not remembered", async () => {
  await using place = await TrustPlace.make();
  const file = join(place.home, "issuer.crt");
  await writeFile(file, place.authority.issuerCertificate);
  await assert.rejects(rememberRoot(place.state, file), (error) => {
    assert.ok(error instanceof OneportError);
    assert.equal(error.problem.code, "root-not-ours");
    return true;
  });
});
