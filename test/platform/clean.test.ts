/** What is Oneport's own in a state directory, and what is not. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, readdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { makeAuthority } from "../../src/core/authority.ts";
import { Certificates } from "../../src/platform/certificates.ts";
import { findLeftovers } from "../../src/platform/clean/find.ts";
import { terminalAuthority } from "../../src/platform/terminal-authority.ts";
import { TrustPlace } from "./trust-place.ts";

/** Removes what is in the state directory and leaves the machine alone; says what was done. */
async function cleanState(place: TrustPlace, controlFolder?: string): Promise<readonly string[]> {
  const context = { machine: place.machine(), stateDirectory: place.state, controlFolder };
  const own = (await findLeftovers(context)).filter((leftover) => leftover.place === place.state);
  const done: string[] = [];
  for (const leftover of own) done.push((await leftover.remove()).how);
  return done;
}

async function filesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder, { recursive: true })).sort();
}

async function fill(place: TrustPlace): Promise<void> {
  const certificates = new Certificates(place.state, { mode: "authority", files: [] });
  await certificates.contextFor("app.test");
}

test("everything of ours goes, what a crash left included, and the directory with it", async () => {
  await using place = await TrustPlace.make();
  await fill(place);
  await mkdir(join(place.state, "ca.new-a1B2c3.old"));
  await writeFile(join(place.state, "ca.new-a1B2c3.old", "issuer.key"), "cut short");
  await writeFile(join(place.state, "ca", "root.crt.0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f.tmp"), "");
  await terminalAuthority(place.state, undefined);
  await writeFile(join(place.state, "terminal-ca.pem.0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f.tmp"), "");
  const control = join(place.state, "run");
  await mkdir(control);
  const server = createServer().listen(join(control, "8443.sock"));
  await once(server, "listening");
  // As a killed process leaves it.
  await rename(join(control, "8443.sock"), join(control, "443.sock"));
  server.close();
  assert.deepEqual(await cleanState(place, control), ["removed", "removed"]);
  assert.ok(!(await readdir(place.home)).includes("state"));
  assert.deepEqual(await cleanState(place, control), []);
});

test("files of others stay, and so do the folders that they are in", async () => {
  await using place = await TrustPlace.make();
  await fill(place);
  const others = ["notes.txt", "ca/notes.txt", "leaves/app.pem", "trusted/company.crt"];
  for (const file of others) await writeFile(join(place.state, file), "mine");
  assert.deepEqual(await cleanState(place), ["removed", "removed"]);
  const folders = ["ca", "leaves", "trusted"];
  assert.deepEqual(await filesIn(place.state), [...others, ...folders].sort());
  assert.deepEqual(await cleanState(place), []);
});

test("an authority of somebody else, in folders of the same names, stays whole", async () => {
  await using place = await TrustPlace.make();
  const folder = await place.folder("state", "ca");
  const { issuerCertificate } = await makeAuthority(new Date());
  await writeFile(join(folder, "root.crt"), issuerCertificate);
  await writeFile(join(folder, "issuer.key"), "theirs");
  await cleanState(place);
  assert.deepEqual(await filesIn(folder), ["issuer.key", "root.crt"]);
});

test("an authority that is damaged beyond reading goes", async () => {
  await using place = await TrustPlace.make();
  await fill(place);
  await writeFile(join(place.state, "ca", "root.crt"), "damaged");
  await cleanState(place);
  assert.ok(!(await readdir(place.home)).includes("state"));
});

test("no link is followed, and none is removed", async () => {
  await using place = await TrustPlace.make();
  await fill(place);
  const elsewhere = await place.folder("elsewhere");
  await rename(join(place.state, "ca"), join(elsewhere, "ca"));
  await symlink(join(elsewhere, "ca"), join(place.state, "ca"));
  await writeFile(join(elsewhere, "key"), "theirs");
  const [leaf = ""] = await readdir(join(place.state, "leaves"));
  const link = leaf.replace(/^./, (digit) => (digit === "0" ? "1" : "0"));
  await symlink(join(elsewhere, "key"), join(place.state, "leaves", link));
  await cleanState(place);
  assert.deepEqual(await filesIn(join(elsewhere, "ca")), ["issuer.crt", "issuer.key", "root.crt"]);
  assert.equal(await readFile(join(elsewhere, "key"), "utf8"), "theirs");
  assert.deepEqual(await filesIn(join(place.state, "leaves")), [link]);
});
