/** What folders are called beside each other. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { folderName } from "../../src/ui/folder-names.ts";

function namesOf(...paths: string[]): string[] {
  const folders = paths.map((path) => ({ name: path.slice(path.lastIndexOf("/") + 1), path }));
  return folders.map((folder) => folderName(folder, folders));
}

test("a folder has its own name, and the way to it where two have the same", () => {
  assert.deepEqual(namesOf("/home/me/shop", "/home/me/live"), ["shop", "live"]);
  assert.deepEqual(namesOf("/x/app", "/y/app", "/y/shop"), ["app (x)", "app (y)", "shop"]);
});

test("the way is as long as it must be", () => {
  assert.deepEqual(namesOf("/one/src/app", "/two/src/app"), ["app (one/src)", "app (two/src)"]);
  assert.deepEqual(namesOf("/app", "/src/app"), ["app (/)", "app (src)"]);
});
