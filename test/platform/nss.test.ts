/** Certificate databases of NSS, changed by the real certutil in throw-away homes. */
import assert from "node:assert/strict";
import { chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { makeAuthority } from "../../src/core/authority.ts";
import { NssStore } from "../../src/platform/nss.ts";
import { systemRunner } from "../../src/platform/run.ts";
import { trust, untrust } from "../../src/platform/trust.ts";
import { findProgram, run } from "../e2e/program.ts";
import { TrustPlace } from "./trust-place.ts";

const noCertutil = await findProgram("certutil").then(
  () => false,
  (error: Error) => error.message,
);
const needsCertutil = { skip: noCertutil };

/** The lines of `certutil -L`: a nickname and its trust. */
async function listed(folder: string): Promise<string[]> {
  const { output } = await run("certutil", ["-L", "-d", `sql:${folder}`], { PATH: process.env.PATH });
  return output.split("\n").filter((line) => /,.*,/.test(line) && !line.includes("S/MIME"));
}

async function certutil(folder: string, ...list: readonly string[]): Promise<void> {
  const { status, errors } = await run("certutil", [...list, "-d", `sql:${folder}`], {
    PATH: process.env.PATH,
  });
  assert.equal(status, 0, errors);
}

function storeIn(place: TrustPlace, folder: string, known = [place.root]): NssStore {
  const certutil = { path: "certutil", howToInstall: "Install it" };
  return new NssStore({ id: "x", name: "Browser", folder }, certutil, known, place.machine().runner);
}

test(
  "a database is made where there is none, and trusts the root for servers only",
  needsCertutil,
  async () => {
    await using place = await TrustPlace.make();
    const folder = join(place.home, "new one", "nssdb");
    const store = storeIn(place, folder);
    const first = await trust(store, place.root, place.machine());
    assert.deepEqual([first.result, first.state], [{ how: "done" }, { is: "trusted" }]);
    const [line, ...others] = await listed(folder);
    assert.match(line ?? "", /^Oneport root [\da-f]{8} \([\da-f]{16}\) +C,, *$/);
    assert.deepEqual(others, []);
    const second = await trust(store, place.root, place.machine());
    assert.deepEqual([second.result, second.state], [{ how: "unchanged" }, { is: "trusted" }]);
  },
);

test("untrust takes the root out, and the second time finds nothing", needsCertutil, async () => {
  await using place = await TrustPlace.make();
  const folder = await place.folder("nssdb");
  const store = storeIn(place, folder);
  await trust(store, place.root, place.machine());
  const first = await untrust(store, place.machine());
  assert.deepEqual([first.result, first.state], [{ how: "done" }, { is: "not-trusted" }]);
  assert.deepEqual(await listed(folder), []);
  assert.deepEqual((await untrust(store, place.machine())).result, { how: "unchanged" });
});

test("untrust makes no database where there is none", needsCertutil, async () => {
  await using place = await TrustPlace.make();
  const folder = await place.folder("nssdb");
  assert.deepEqual((await untrust(storeIn(place, folder), place.machine())).result, { how: "unchanged" });
  assert.deepEqual(await readdir(folder), []);
});

test(
  "roots of several authorities live side by side, and untrust removes them all",
  needsCertutil,
  async () => {
    await using place = await TrustPlace.make();
    const other = await place.anotherRoot();
    const folder = await place.folder("nssdb");
    const store = storeIn(place, folder);
    for (const root of [place.root, other]) {
      assert.deepEqual((await trust(store, root, place.machine())).result, { how: "done" });
    }
    assert.equal((await listed(folder)).length, 2);
    // The other one is not known to this store: its nickname alone shows whose it is.
    assert.deepEqual((await untrust(store, place.machine())).result, { how: "done" });
    assert.deepEqual(await listed(folder), []);
  },
);

test("certificates of others stay, even those that look like ours", needsCertutil, async () => {
  await using place = await TrustPlace.make();
  const folder = await place.folder("nssdb");
  const make = ["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
  for (const name of ["Somebody", "Oneport root 0a1b2c3d"]) {
    const file = join(place.home, "other.crt");
    const subject = ["-subj", `/CN=${name}/O=Oneport`, "-keyout", "/dev/null", "-out", file];
    assert.equal((await run("openssl", [...make, ...subject], place.environment)).status, 0);
    await certutil(folder, "-A", "-t", "C,,", "-n", `${name} - Oneport`, "-i", file);
  }
  const foreign = await makeAuthority(new Date());
  const file = join(place.home, "foreign.crt");
  await writeFile(file, foreign.rootCertificate);
  await certutil(folder, "-A", "-t", "C,,", "-n", "Oneport root of a colleague", "-i", file);
  const before = await listed(folder);
  assert.equal(before.length, 3);

  const store = storeIn(place, folder);
  await trust(store, place.root, place.machine());
  assert.equal((await listed(folder)).length, 4);
  await untrust(store, place.machine());
  assert.deepEqual(await listed(folder), before);
  assert.deepEqual((await untrust(store, place.machine())).result, { how: "unchanged" });
});

test(
  "a root that the user imported without trust is trusted, and removed, under its nickname there",
  needsCertutil,
  async () => {
    await using place = await TrustPlace.make();
    const folder = await place.folder("nssdb");
    const nickname = `${place.root.commonName} - Oneport`;
    await certutil(folder, "-A", "-t", ",,", "-n", nickname, "-i", place.root.file);
    const store = storeIn(place, folder);
    assert.deepEqual((await trust(store, place.root, place.machine())).result, { how: "done" });
    const [line, ...others] = await listed(folder);
    assert.ok(line?.startsWith(nickname) && line.includes("C,,"), line);
    assert.deepEqual(others, []);
    assert.deepEqual((await untrust(store, place.machine())).result, { how: "done" });
    assert.deepEqual(await listed(folder), []);
  },
);

test("a primary password is not asked for: it is said, with what to do", needsCertutil, async () => {
  await using place = await TrustPlace.make();
  const folder = await place.folder("nssdb");
  const password = join(place.home, "password");
  await writeFile(password, "secret\n");
  await certutil(folder, "-N", "-f", password);
  const { result, state } = await trust(storeIn(place, folder), place.root, place.machine());
  assert.ok(result.how === "failed");
  assert.equal(result.problem.code, "store-password");
  assert.deepEqual(state, { is: "not-trusted" });
  assert.deepEqual((await untrust(storeIn(place, folder), place.machine())).result, { how: "done" });
});

test("a damaged database is a problem that names it, and stays as it is", needsCertutil, async () => {
  await using place = await TrustPlace.make();
  const folder = await place.folder("nssdb");
  const file = join(folder, "cert9.db");
  await writeFile(file, "not a database");
  await chmod(file, 0o400);
  const { result, state } = await trust(storeIn(place, folder), place.root, place.machine());
  assert.ok(result.how === "failed");
  assert.equal(result.problem.code, "store-unusable");
  assert.ok(result.problem.message.includes(folder), result.problem.message);
  assert.ok(!result.problem.message.includes("\n"));
  assert.equal(state.is, "unknown");
  assert.equal(await readFile(file, "utf8"), "not a database");
});

test("without certutil the package to install is named, for a database that is there and one that is not", async () => {
  await using place = await TrustPlace.make();
  const there = await place.folder("there");
  await writeFile(join(there, "cert9.db"), "");
  const certutil = { path: undefined, howToInstall: 'Run "sudo apt-get install libnss3-tools"' };
  const runner = systemRunner({ PATH: place.home });
  for (const folder of [there, join(place.home, "missing")]) {
    const store = new NssStore({ id: "x", name: "x", folder }, certutil, [place.root], runner);
    const { result } = await trust(store, place.root, place.machine({ runner }));
    assert.ok(result.how === "failed");
    assert.equal(result.problem.code, "certutil-missing");
    assert.match(result.problem.remedy, /libnss3-tools/);
  }
});
