/** A Linux system's store in folders of our own, with a program that makes the bundle as the real ones do. */
import assert from "node:assert/strict";
import { copyFile, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { shellLine } from "../../src/core/command.ts";
import { fileNameOf } from "../../src/core/trust.ts";
import { findSystemStore, type LinuxSystemStore } from "../../src/platform/linux-system-store.ts";
import type { Machine } from "../../src/platform/machine.ts";
import { trust, untrust } from "../../src/platform/trust.ts";
import { TrustPlace } from "./trust-place.ts";

const posix = { skip: process.platform === "win32" ? "Windows has no such store" : false };

/** `update` is the script that makes $bundle of what lies in $anchors. Elevated, but with nothing to harm. */
async function systemIn(place: TrustPlace, update = 'cat "$anchors"/*.crt >"$bundle" 2>/dev/null || true') {
  const folder = await place.folder("anchors of administrators");
  const programs = await place.folder("bin");
  const bundle = join(place.home, "bundle.pem");
  await writeFile(bundle, "");
  const variables = 'anchors=$HOME/"anchors of administrators" bundle=$HOME/bundle.pem';
  const program = join(programs, "update-store");
  await writeFile(program, `#!/bin/sh\n${variables}\n${update}\n`, { mode: 0o755 });
  const machine = place.machine({ isElevated: true });
  const kind = { folder, program, arguments: [], bundle };
  const find = async (known = [place.root]): Promise<LinuxSystemStore> => {
    const missing = { ...kind, folder: join(place.home, "nowhere") };
    const store = await findSystemStore(known, [missing, kind]);
    assert.ok(store);
    return store;
  };
  return { machine, folder, bundle, program, find };
}

async function result(store: LinuxSystemStore, place: TrustPlace, machine: Machine) {
  return (await trust(store, place.root, machine)).result;
}

test(
  "the root goes into the folder and so into the bundle, readable by all, and out again",
  posix,
  async () => {
    await using place = await TrustPlace.make();
    const { machine, folder, bundle, find } = await systemIn(place);
    const store = await find();
    assert.equal(store.place, folder);
    assert.deepEqual(await result(store, place, machine), { how: "done" });
    assert.deepEqual(await readdir(folder), [fileNameOf(place.root)]);
    assert.equal((await stat(join(folder, fileNameOf(place.root)))).mode & 0o777, 0o644);
    assert.equal(await readFile(bundle, "utf8"), place.authority.rootCertificate);
    assert.deepEqual(await result(store, place, machine), { how: "unchanged" });

    assert.deepEqual((await untrust(store, machine)).result, { how: "done" });
    assert.deepEqual(await readdir(folder), []);
    assert.deepEqual((await untrust(store, machine)).result, { how: "unchanged" });
  },
);

test("without elevation nothing is done, and the commands that do it work when pasted", posix, async () => {
  await using place = await TrustPlace.make();
  const { machine, folder, program, find } = await systemIn(place);
  const ordinary = { ...machine, isElevated: false };
  const paste = async (report: Awaited<ReturnType<typeof trust>>) => {
    assert.ok(report.result.how === "elevation");
    const line = shellLine(report.result.commands);
    assert.ok(line.startsWith("/") && line.includes(program.replace("trust's", "trust'\\''s")), line);
    const ran = await machine.runner.run({ program: "/bin/sh", arguments: ["-c", line] });
    assert.ok(ran.ok);
  };
  const store = await find();
  await paste(await trust(store, place.root, ordinary));
  assert.deepEqual(await readdir(folder), [fileNameOf(place.root)]);
  assert.deepEqual(await result(store, place, ordinary), { how: "unchanged" });
  await paste(await untrust(store, ordinary));
  assert.deepEqual((await untrust(store, ordinary)).result, { how: "unchanged" });
});

test(
  "a program that reports success and does nothing is a failure, and so is one that fails",
  posix,
  async () => {
    await using place = await TrustPlace.make();
    const idle = await systemIn(place, "true");
    const first = await result(await idle.find(), place, idle.machine);
    assert.ok(first.how === "failed");
    assert.match(first.problem.message, /nothing changed/);
    const broken = await systemIn(place, "echo 'no room' >&2; echo 'left on disk.' >&2; exit 3");
    const second = await result(await broken.find(), place, broken.machine);
    assert.ok(second.how === "failed");
    assert.match(second.problem.message, /: no room; left on disk\.$/);
  },
);

test(
  "roots that nobody remembers are known by the names of their files; certificates of others stay",
  posix,
  async () => {
    await using place = await TrustPlace.make();
    const { machine, folder, find } = await systemIn(place);
    const other = await place.anotherRoot();
    await copyFile(place.root.file, join(folder, fileNameOf(place.root)));
    // Certificates of Oneport's by other names: not put here by it.
    await copyFile(other.file, join(folder, "a colleague's.crt"));
    await copyFile(other.file, join(folder, "oneport-0000000000000000.crt"));
    await writeFile(join(folder, "notes.crt"), "no certificate");
    assert.deepEqual((await untrust(await find([]), machine)).result, { how: "done" });
    const left = ["a colleague's.crt", "notes.crt", "oneport-0000000000000000.crt"];
    assert.deepEqual((await readdir(folder)).sort(), left);
    // Remembered, it is ours by whatever name.
    assert.deepEqual((await untrust(await find([other]), machine)).result, { how: "done" });
    assert.deepEqual(await readdir(folder), ["notes.crt"]);
  },
);

test("what the bundle still holds after its file has gone is removed by an update", posix, async () => {
  await using place = await TrustPlace.make();
  const { machine, bundle, find } = await systemIn(place);
  await copyFile(place.root.file, bundle);
  const { result, state } = await untrust(await find(), machine);
  assert.deepEqual([result, state], [{ how: "done" }, { is: "not-trusted" }]);
});

test("a system without any such folder and program has no store that is known", posix, async () => {
  await using place = await TrustPlace.make();
  const { folder, bundle } = await systemIn(place);
  const kind = { folder, program: join(place.home, "missing"), arguments: [], bundle };
  assert.equal(await findSystemStore([], [kind]), undefined);
});
