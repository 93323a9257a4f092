/** Where browsers' databases are found: real folders in a throw-away home. */
import assert from "node:assert/strict";
import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { chromiumDatabases, firefoxDatabases } from "../../src/platform/nss-databases.ts";
import type { Runner } from "../../src/platform/run.ts";
import { systemRunner } from "../../src/platform/run.ts";
import { TrustPlace } from "./trust-place.ts";

/** A system on which these programs are installed. */
function having(...names: readonly string[]): Runner {
  const find = async (name: string) => (names.includes(name) ? `/usr/bin/${name}` : undefined);
  return { ...systemRunner({}), find };
}

async function chromiumFolders(place: TrustPlace, runner: Runner, environment = place.environment) {
  const found = await chromiumDatabases(place.machine({ runner, environment }));
  return found.map(({ name, folder }) => [name, folder.replace(`${place.home}/`, "")]);
}

test("for a Chromium that never ran, the place is the one that every version looks at", async () => {
  await using place = await TrustPlace.make();
  assert.deepEqual(await chromiumFolders(place, having()), []);
  const expected = [["Chromium, Chrome", ".pki/nssdb"]];
  assert.deepEqual(await chromiumFolders(place, having("google-chrome")), expected);
});

test("where Chromium has a database in the XDG data folder, none is made elsewhere", async () => {
  await using place = await TrustPlace.make();
  await place.folder(".local", "share", "pki", "nssdb");
  const expected = [["Chromium, Chrome", ".local/share/pki/nssdb"]];
  assert.deepEqual(await chromiumFolders(place, having("chromium")), expected);
});

test("XDG_DATA_HOME is heeded when absolute, beside the usual places", async () => {
  await using place = await TrustPlace.make();
  await place.folder("data", "pki", "nssdb");
  await place.folder(".pki", "nssdb");
  const names = async (XDG_DATA_HOME: string) =>
    (await chromiumFolders(place, having(), { ...place.environment, XDG_DATA_HOME })).map(([, path]) => path);
  assert.deepEqual(await names(join(place.home, "data")), [".pki/nssdb", "data/pki/nssdb"]);
  assert.deepEqual(await names("data"), [".pki/nssdb"]);
});

test("browsers in snaps and Flatpaks are found by what they keep", async () => {
  await using place = await TrustPlace.make();
  await place.folder("snap", "chromium", "2890", ".pki", "nssdb");
  await symlink("2890", join(place.home, "snap", "chromium", "current"));
  await place.folder("snap", "hello", "current");
  await place.folder(".var", "app", "com.brave.Browser", ".pki", "nssdb");
  await place.folder(".var", "app", "com.google.Chrome", "data", "pki", "nssdb");
  assert.deepEqual((await chromiumFolders(place, having())).sort(), [
    ["chromium (snap)", "snap/chromium/current/.pki/nssdb"],
    ["com.brave.Browser (Flatpak)", ".var/app/com.brave.Browser/.pki/nssdb"],
    ["com.google.Chrome (Flatpak)", ".var/app/com.google.Chrome/data/pki/nssdb"],
  ]);
});

async function profile(place: TrustPlace, ...names: readonly string[]): Promise<string> {
  const folder = await place.folder(...names);
  await writeFile(join(folder, "cert9.db"), "");
  return folder;
}

test("Firefox profiles come from profiles.ini, spaces and other places included, and from beside it", async () => {
  await using place = await TrustPlace.make();
  const base = [".mozilla", "firefox"] as const;
  const named = await profile(place, ...base, "x1y2z3a4.My work profile");
  const outside = await profile(place, "else where");
  const unlisted = await profile(place, ...base, "q9w8e7r6.default-release");
  await place.folder(...base, "neverused.default");
  await writeFile(
    join(place.home, ...base, "profiles.ini"),
    [
      "[Install4F96D1932A9F858E]\r\nDefault=x1y2z3a4.My work profile\r\n",
      "[Profile0]\r\nName=Work\r\nIsRelative=1\r\nPath=x1y2z3a4.My work profile\r\n",
      `[Profile1]\r\nName=Out\r\nIsRelative=0\r\nPath=${outside}\r\n`,
      "[Profile2]\r\nName=Unused\r\nIsRelative=1\r\nPath=neverused.default\r\n",
      "[Profile3]\r\nName=Gone\r\nIsRelative=1\r\nPath=gone\r\n",
      "[General]\r\nVersion=2\r\n",
    ].join("\r\n"),
  );
  const found = await firefoxDatabases(place.machine());
  assert.deepEqual(
    found.map(({ name, folder }) => [name, folder]),
    [
      ["Firefox (Work)", named],
      ["Firefox (Out)", outside],
      ["Firefox (default-release)", unlisted],
    ],
  );
  assert.equal(new Set(found.map(({ id }) => id)).size, 3);
});

test("Firefox is looked for in the XDG configuration folder, its snap and its Flatpak too", async () => {
  await using place = await TrustPlace.make();
  const folders = [
    await profile(place, ".config", "mozilla", "firefox", "aaaaaaaa.default"),
    await profile(place, "snap", "firefox", "common", ".mozilla", "firefox", "bbbbbbbb.default"),
    await profile(place, ".var", "app", "org.mozilla.firefox", ".mozilla", "firefox", "cccccccc.default"),
  ];
  assert.deepEqual(
    (await firefoxDatabases(place.machine())).map(({ folder }) => folder),
    folders,
  );
});
