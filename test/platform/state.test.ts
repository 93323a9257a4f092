/** The state directory and how files are written in it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { OneportError } from "../../src/core/errors.ts";
import { userHome } from "../../src/platform/machine.ts";
import {
  fileStamp,
  makePrivateFolder,
  notWritable,
  stateDirectory,
  writePrivateFile,
} from "../../src/platform/state.ts";
import { noOtherUser } from "./hosts-support.ts";
import { systemPath } from "./trust-place.ts";

/** A user that no system has an entry for. */
const stranger = 47_110;

const posixModes = { skip: process.platform === "win32" ? "Windows has no such modes" : false };

describe("the state directory", () => {
  test("is the platform's usual place", () => {
    assert.equal(stateDirectory({}, "linux", "/home/ada"), "/home/ada/.local/state/oneport");
    assert.equal(
      stateDirectory({}, "darwin", "/Users/ada"),
      "/Users/ada/Library/Application Support/Oneport",
    );
    assert.equal(stateDirectory({}, "win32", "C:\\Users\\ada"), "C:\\Users\\ada\\AppData\\Local\\Oneport");
    const local = { LOCALAPPDATA: "D:\\Local" };
    assert.equal(stateDirectory(local, "win32", "C:\\Users\\ada"), "D:\\Local\\Oneport");
    const relative = { LOCALAPPDATA: "Local" };
    assert.equal(
      stateDirectory(relative, "win32", "C:\\Users\\ada"),
      "C:\\Users\\ada\\AppData\\Local\\Oneport",
    );
  });

  test("follows XDG_STATE_HOME, unless that is relative", () => {
    assert.equal(stateDirectory({ XDG_STATE_HOME: "/var/x" }, "linux", "/home/ada"), "/var/x/oneport");
    assert.equal(
      stateDirectory({ XDG_STATE_HOME: "x" }, "linux", "/home/ada"),
      "/home/ada/.local/state/oneport",
    );
  });

  test("is ONEPORT_STATE_DIR before all, made absolute", () => {
    for (const platform of ["linux", "darwin"] as const) {
      const environment = { ONEPORT_STATE_DIR: "elsewhere", XDG_STATE_HOME: "/var/x" };
      assert.equal(stateDirectory(environment, platform, "/home/ada"), resolve("elsewhere"));
    }
  });
});

test("the user's home is the environment's, unless that is not absolute", (t) => {
  const name = process.platform === "win32" ? "USERPROFILE" : "HOME";
  const before = process.env[name];
  t.after(() => {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  });
  process.env[name] = tmpdir();
  assert.equal(userHome(), tmpdir());
  for (const home of ["", ".", "ada"]) {
    process.env[name] = home;
    assert.equal(userHome(), userInfo().homedir);
  }
});

test("a home that nobody knows is told, and what to do", { skip: noOtherUser() }, () => {
  const program = `
    const { userHome } = await import(process.argv[1]);
    try { console.log(userHome()); } catch (error) { console.log(JSON.stringify(error.problem)); }
  `;
  const source = new URL("../../src/platform/machine.ts", import.meta.url).href;
  const words = ["--input-type=module", "-e", program, source];
  for (const home of [{}, { HOME: "ada" }, { HOME: "" }]) {
    const options = { env: { PATH: systemPath, ...home }, uid: stranger, encoding: "utf8" } as const;
    const { code, remedy } = JSON.parse(spawnSync(process.execPath, words, options).stdout);
    assert.equal(code, "no-home");
    assert.match(remedy, /^Set HOME/);
  }
});

describe("a private file", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "oneport-state-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  test("is for this user only, and so is its folder", posixModes, async () => {
    const inner = join(folder, "a", "b");
    await makePrivateFolder(inner);
    await writePrivateFile(join(inner, "key"), "secret");
    assert.equal((await stat(join(folder, "a"))).mode & 0o777, 0o700);
    assert.equal((await stat(inner)).mode & 0o777, 0o700);
    assert.equal((await stat(join(inner, "key"))).mode & 0o777, 0o600);
  });

  test("replaces a file that others could read", posixModes, async () => {
    const path = join(folder, "open");
    await writeFile(path, "old", { mode: 0o644 });
    const before = await fileStamp(path);
    await writePrivateFile(path, "new");
    assert.equal(await readFile(path, "utf8"), "new");
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.notEqual(await fileStamp(path), before);
  });

  test("is seen whole by whoever reads while it is written again and again", async () => {
    const path = join(folder, "busy");
    const texts = ["a".repeat(200_000), "b".repeat(100_000)] as const;
    await writePrivateFile(path, texts[0]);
    let writing = true;
    const writes = (async () => {
      for (let i = 0; i < 40; i++) await writePrivateFile(path, texts[i % 2 ? 0 : 1]);
    })().finally(() => {
      writing = false;
    });
    while (writing) {
      const seen = await readFile(path, "utf8");
      assert.ok(seen === texts[0] || seen === texts[1]);
    }
    await writes;
  });

  test("that cannot be written is an error with a remedy, and leaves nothing behind", async () => {
    const inner = join(folder, "blocked");
    await mkdir(join(inner, "target", "full"), { recursive: true });
    await assert.rejects(writePrivateFile(join(inner, "target"), "x"), (error) => {
      assert.ok(error instanceof OneportError);
      assert.equal(error.problem.code, "state-not-writable");
      assert.ok(error.problem.message.includes(join(inner, "target")));
      return true;
    });
    assert.deepEqual(await readdir(inner), ["target"]);
  });

  test("has no stamp when it is not there, and an error is not taken for that", async () => {
    assert.equal(await fileStamp(join(folder, "nothing")), undefined);
    await assert.rejects(fileStamp(join(folder, "no\0name")), { code: "ERR_INVALID_ARG_VALUE" });
  });

  test("whose folder cannot be made is an error with a remedy", async () => {
    const file = join(folder, "file");
    await writeFile(file, "");
    await assert.rejects(makePrivateFolder(join(file, "state")), (error) => {
      assert.ok(error instanceof OneportError);
      assert.equal(error.problem.code, "state-not-writable");
      return true;
    });
  });
});

test("a full disk is told as one: other rights would not help", () => {
  for (const [code, remedy] of [
    ["ENOSPC", /^Make room on its file system/],
    ["EDQUOT", /^Make room on its file system/],
    ["EACCES", /^Make its folder writable/],
  ] as const) {
    const cause = Object.assign(new Error(code), { code });
    assert.match(notWritable("/state/ca", cause).problem.remedy, remedy);
  }
});
