/** Where the hosts file is, and which links lead to it. */
import assert from "node:assert/strict";
import { chmodSync, chownSync, lchownSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Result } from "../../src/core/errors.ts";
import { editHostsFile, readHostsFile } from "../../src/platform/hosts-file.ts";
import { systemHostsFile } from "../../src/platform/hosts-path.ts";
import { applyShop, HostsFolder, localhost, nobody, noOtherUser, withShop } from "./hosts-support.ts";

const codeOf = (result: Result<unknown>) => (result.ok ? "done" : result.error.code);
const posix = { skip: process.platform === "win32" ? "Windows has no such modes" : false };
const otherUser = { skip: noOtherUser() };

test("the system's file is the platform's", () => {
  assert.equal(systemHostsFile("linux", {}), "/etc/hosts");
  assert.equal(systemHostsFile("darwin", {}), "/etc/hosts");
  assert.equal(systemHostsFile("win32", {}), "C:\\Windows\\System32\\drivers\\etc\\hosts");
  assert.equal(systemHostsFile("win32", { SystemRoot: "D:\\W" }), "D:\\W\\System32\\drivers\\etc\\hosts");
});

describe("a link", () => {
  test("is followed, and stays one", posix, async (t) => {
    const place = new HostsFolder(t);
    mkdirSync(join(place.folder, "a"));
    mkdirSync(join(place.folder, "b"));
    symlinkSync("../hosts", join(place.folder, "a", "inner"));
    symlinkSync("../a", join(place.folder, "b", "folder"));
    const link = join(place.folder, "link");
    symlinkSync("b/folder/./inner", link);
    assert.equal(codeOf(await editHostsFile(link, applyShop)), "done");
    assert.ok(lstatSync(link).isSymbolicLink());
    assert.deepEqual([place.text, place.names], [withShop, ["a", "b", "hosts", "link"]]);
  });

  test("that goes in a circle or nowhere is refused", posix, async (t) => {
    const place = new HostsFolder(t);
    const [one, two, nowhere] = ["one", "two", "nowhere"].map((name) => join(place.folder, name));
    assert.ok(one && two && nowhere);
    symlinkSync(two, one);
    symlinkSync(one, two);
    symlinkSync("missing", nowhere);
    assert.equal(codeOf(await editHostsFile(one, applyShop)), "hosts-link");
    assert.equal(codeOf(await editHostsFile(nowhere, applyShop)), "hosts-missing");
  });

  test("of another user is not followed, wherever it stands in the path", otherUser, async (t) => {
    const place = new HostsFolder(t);
    mkdirSync(join(place.folder, "theirs"));
    const link = join(place.folder, "theirs", "hosts");
    const folderLink = join(place.folder, "theirs", "folder");
    symlinkSync(place.file, link);
    symlinkSync(place.folder, folderLink);
    for (const path of [link, folderLink]) lchownSync(path, nobody, nobody);
    for (const path of [link, join(folderLink, "hosts")]) {
      const edited = await editHostsFile(path, applyShop);
      assert.equal(codeOf(edited), "hosts-link");
      assert.match(edited.ok ? "" : edited.error.message, /belongs to another user/);
    }
    assert.equal(place.text, localhost);
  });

  test("into a folder that others can write is not followed", posix, async (t) => {
    const place = new HostsFolder(t);
    const folder = join(place.folder, "open");
    mkdirSync(folder);
    const [target, link] = [join(folder, "hosts"), join(place.folder, "link")];
    writeFileSync(target, localhost);
    symlinkSync(target, link);
    for (const mode of [0o777, 0o775, 0o1777]) {
      chmodSync(folder, mode);
      assert.equal(codeOf(await editHostsFile(link, applyShop)), "hosts-link", mode.toString(8));
    }
    chmodSync(folder, 0o755);
    assert.equal(codeOf(await editHostsFile(link, applyShop)), "done");
  });

  test("into another user's folder is not followed", otherUser, async (t) => {
    const place = new HostsFolder(t);
    const folder = join(place.folder, "theirs");
    mkdirSync(folder);
    writeFileSync(join(folder, "hosts"), localhost);
    chownSync(folder, nobody, nobody);
    const link = join(place.folder, "link");
    symlinkSync(join(folder, "hosts"), link);
    assert.equal(codeOf(await editHostsFile(link, applyShop)), "hosts-link");
    assert.deepEqual(await readHostsFile(join(folder, "hosts")), { ok: true, value: Buffer.from(localhost) });
  });
});
