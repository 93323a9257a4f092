/** The hosts file on disk: written whole, with all that it has, beside others who write it, or left as it was. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  openSync,
  type PathLike,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import * as nodeFileSystem from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Result } from "../../src/core/errors.ts";
import { renderHostsBlock } from "../../src/core/hosts-block.ts";
import { editHosts, type HostsEdit } from "../../src/core/hosts-edit.ts";
import { editHostsFile } from "../../src/platform/hosts-file.ts";
import type { FileSystem } from "../../src/platform/hosts-lock.ts";
import {
  applyAs,
  applyProgram,
  applyShop,
  HostsFolder,
  inNamespace,
  localhost,
  nobody,
  noMounts,
  noOtherUser,
  removeAll,
  shop,
  withShop,
} from "./hosts-support.ts";

const codeOf = (result: Result<unknown>) => (result.ok ? "done" : result.error.code);
const failure = (code: string) => Object.assign(new Error(code), { code });
const posix = { skip: process.platform === "win32" ? "Windows has no such modes" : false };
const otherUser = { skip: noOtherUser() };
const mounts = { skip: noMounts() };

describe("a write", () => {
  test("goes in and out by a rename, and leaves nothing beside the file", posix, async (t) => {
    const place = new HostsFolder(t);
    const before = statSync(place.file);
    assert.equal(codeOf(await editHostsFile(place.file, applyShop)), "done");
    assert.equal(place.text, withShop);
    assert.notEqual(statSync(place.file).ino, before.ino);
    assert.equal(codeOf(await editHostsFile(place.file, removeAll)), "done");
    assert.equal(place.text, localhost);
    assert.deepEqual(place.names, ["hosts"]);
  });

  test("keeps the mode", posix, async (t) => {
    const place = new HostsFolder(t);
    for (const mode of [0o644, 0o600, 0o664, 0o755]) {
      chmodSync(place.file, mode);
      await editHostsFile(place.file, mode === 0o600 ? removeAll : applyShop);
      await editHostsFile(place.file, removeAll);
      assert.equal(statSync(place.file).mode & 0o7777, mode);
    }
  });

  test("keeps the owner", otherUser, async (t) => {
    const place = new HostsFolder(t);
    chownSync(place.file, nobody, 12_345);
    assert.equal(codeOf(await editHostsFile(place.file, applyShop)), "done");
    const { uid, gid } = statSync(place.file);
    assert.deepEqual([uid, gid], [nobody, 12_345]);
    assert.equal(place.text, withShop);
  });

  test("in the place of a file that cannot be given away is made in place", otherUser, async (t) => {
    const place = new HostsFolder(t);
    chmodSync(place.folder, 0o777);
    chmodSync(place.file, 0o666);
    const { ino } = statSync(place.file);
    assert.equal(applyAs(nobody, place.file), "done");
    const after = statSync(place.file);
    assert.deepEqual([after.ino, after.uid, place.text], [ino, 0, withShop]);
    assert.deepEqual(place.names, ["hosts"]);
  });

  test("keeps extended attributes", async (t) => {
    const place = new HostsFolder(t);
    const python = (code: string) =>
      spawnSync("python3", ["-c", `import os, sys; ${code}`, place.file], { encoding: "utf8" });
    if (python('os.setxattr(sys.argv[1], "user.origin", b"image")').status !== 0) {
      t.skip("python3 or this file system has no extended attributes");
      return;
    }
    const { ino } = statSync(place.file);
    assert.equal(codeOf(await editHostsFile(place.file, applyShop)), "done");
    assert.notEqual(statSync(place.file).ino, ino);
    assert.equal(python('print(os.getxattr(sys.argv[1], "user.origin"))').stdout, "b'image'\n");
  });

  test("is on the disk before it is in place, and its place before it is told", posix, async (t) => {
    const place = new HostsFolder(t);
    const steps: string[] = [];
    const watched = {
      ...nodeFileSystem,
      open: async (...[path, flags, mode]: Parameters<typeof nodeFileSystem.open>) => {
        const handle = await nodeFileSystem.open(path, flags, mode);
        const sync = handle.sync.bind(handle);
        handle.sync = () => {
          steps.push(`sync ${path === place.folder ? "folder" : "file"}`);
          return sync();
        };
        return handle;
      },
      rename: async (from: PathLike, to: PathLike) => {
        steps.push("rename");
        await nodeFileSystem.rename(from, to);
      },
    };
    assert.equal(codeOf(await editHostsFile(place.file, applyShop, watched)), "done");
    assert.deepEqual(steps, ["sync file", "rename", "sync folder"]);
  });

  test("that changes nothing is none, and needs no right", otherUser, async (t) => {
    const place = new HostsFolder(t, withShop);
    place.open();
    utimesSync(place.file, 1, 1);
    const { ino, ctimeMs } = statSync(place.file);
    assert.equal(codeOf(await editHostsFile(place.file, applyShop)), "done");
    assert.equal(applyAs(nobody, place.file), "done");
    const after = statSync(place.file);
    assert.deepEqual([after.ino, after.ctimeMs], [ino, ctimeMs]);
  });

  test("of 2,000 lines and more is one like any other", async (t) => {
    const before = Array.from({ length: 20_000 }, (_, index) => `0.0.0.0 advertiser${index}.test\n`).join("");
    const many = Array.from({ length: 2000 }, (_, index) => ({
      address: "127.0.0.1",
      name: `n${index}.test`,
    }));
    const place = new HostsFolder(t, before);
    assert.equal(codeOf(await editHostsFile(place.file, (file) => editHosts(file, many))), "done");
    assert.equal(place.text, before + renderHostsBlock(many));
    await editHostsFile(place.file, removeAll);
    assert.equal(place.text, before);
  });
});

describe("refused and untouched is", () => {
  test("a file that the edit refuses", async (t) => {
    const place = new HostsFolder(t, Buffer.from(localhost, "utf16le"));
    const { ino, ctimeMs } = statSync(place.file);
    assert.equal(codeOf(await editHostsFile(place.file, applyShop)), "hosts-utf16");
    const after = statSync(place.file);
    assert.deepEqual([after.ino, after.ctimeMs, place.names], [ino, ctimeMs, ["hosts"]]);
  });

  test("a file that is not there: none is made", async (t) => {
    const place = new HostsFolder(t);
    const missing = join(place.folder, "other");
    for (const edit of [applyShop, removeAll]) {
      assert.equal(codeOf(await editHostsFile(missing, edit)), "hosts-missing");
    }
    assert.deepEqual(place.names, ["hosts"]);
  });

  test("what is no file, be it one that would never end", posix, async (t) => {
    const place = new HostsFolder(t);
    const pipe = join(place.folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    for (const path of [place.folder, pipe, "/dev/zero"]) {
      assert.equal(codeOf(await editHostsFile(path, applyShop)), "hosts-no-file", path);
    }
  });

  test("a file that cannot be read: it is not taken for an empty one", otherUser, (t) => {
    const place = new HostsFolder(t);
    chmodSync(place.folder, 0o777);
    chmodSync(place.file, 0o600);
    assert.equal(applyAs(nobody, place.file), "hosts-unreadable");
    assert.equal(place.text, localhost);
  });

  test("another user's file", otherUser, (t) => {
    const place = new HostsFolder(t);
    place.open();
    assert.equal(applyAs(nobody, place.file), "hosts-not-writable");
    assert.deepEqual([place.text, place.names], [localhost, ["hosts"]]);
  });

  test("a read-only file, even in a folder in which it could be replaced", otherUser, (t) => {
    const place = new HostsFolder(t);
    chownSync(place.folder, nobody, nobody);
    chownSync(place.file, nobody, nobody);
    chmodSync(place.file, 0o444);
    assert.equal(applyAs(nobody, place.file), "hosts-not-writable");
    assert.deepEqual([place.text, place.names], [localhost, ["hosts"]]);
  });

  test("an immutable file", async (t) => {
    const place = new HostsFolder(t);
    if (spawnSync("chattr", ["+i", place.file]).status !== 0) {
      t.skip("chattr +i does not work here");
      return;
    }
    try {
      assert.equal(codeOf(await editHostsFile(place.file, applyShop)), "hosts-not-writable");
      assert.deepEqual([place.text, place.names], [localhost, ["hosts"]]);
    } finally {
      execFileSync("chattr", ["-i", place.file]);
    }
  });

  test("a file on a file system that is read-only or full", mounts, (t) => {
    const place = new HostsFolder(t);
    const { output, errors } = inNamespace(
      `folder=$1; shift
      mount -t tmpfs -o size=16k none "$folder"
      printf '127.0.0.1 localhost\\n' >"$folder/hosts"
      mount -o remount,ro "$folder"
      "$@" "$folder/hosts"
      mount -o remount,rw "$folder"
      cat /dev/zero >"$folder/ballast" 2>/dev/null || true
      "$@" "$folder/hosts"
      ls -A "$folder"
      cat "$folder/hosts"`,
      ...[place.folder, process.execPath, ...applyProgram],
    );
    const left = ["ballast", "hosts", "127.0.0.1 localhost"];
    assert.deepEqual(output.trimEnd().split("\n"), ["hosts-read-only", "hosts-full", ...left], errors);
  });

  test("a file whose new content or place fails on the way to the disk", async (t) => {
    const place = new HostsFolder(t);
    const broken: FileSystem = {
      ...nodeFileSystem,
      rename: () => Promise.reject(failure("EIO")),
    };
    const unsynced: FileSystem = {
      ...nodeFileSystem,
      open: async (path, flags, mode) => {
        const handle = await nodeFileSystem.open(path, flags, mode);
        handle.sync = () => Promise.reject(failure("EIO"));
        return handle;
      },
    };
    for (const system of [broken, unsynced]) {
      assert.equal(codeOf(await editHostsFile(place.file, applyShop, system)), "hosts-write-failed");
      assert.deepEqual([place.text, place.names], [localhost, ["hosts"]]);
    }
  });
});

describe("a file that cannot be replaced is written in place", () => {
  test("when the system says so", async (t) => {
    for (const code of ["EBUSY", "EXDEV"]) {
      const place = new HostsFolder(t, `${localhost}# mine\n`);
      const { ino } = statSync(place.file);
      const system = { ...nodeFileSystem, rename: () => Promise.reject(failure(code)) };
      for (const [edit, text] of [
        [applyShop, `${localhost}# mine\n${renderHostsBlock(shop)}`],
        [removeAll, `${localhost}# mine\n`],
      ] as const) {
        assert.equal(codeOf(await editHostsFile(place.file, edit, system)), "done");
        assert.deepEqual([statSync(place.file).ino, place.text, place.names], [ino, text, ["hosts"]]);
      }
    }
  });

  test("and is as it was when that fails, or is reported when it cannot be put back", async (t) => {
    for (const [canPutBack, code] of [
      [true, "hosts-write-failed"],
      [false, "hosts-half-written"],
    ] as const) {
      const place = new HostsFolder(t, withShop);
      const system: FileSystem = {
        ...nodeFileSystem,
        rename: () => Promise.reject(failure("EBUSY")),
        open: async (path, flags, mode) => {
          const handle = await nodeFileSystem.open(path, flags, mode);
          if (path !== place.file) return handle;
          handle.sync = () => {
            if (!canPutBack) handle.write = () => Promise.reject(failure("EIO"));
            return Promise.reject(failure("EIO"));
          };
          return handle;
        },
      };
      const applyOther = (file: Buffer) => editHosts(file, [{ address: "127.0.0.1", name: "other.test" }]);
      assert.equal(codeOf(await editHostsFile(place.file, applyOther, system)), code);
      if (canPutBack) assert.deepEqual([place.text, place.names], [withShop, ["hosts"]]);
    }
  });

  test("such as one that is really mounted, as in a container", mounts, (t) => {
    const place = new HostsFolder(t);
    const source = join(place.folder, "source");
    writeFileSync(source, localhost);
    const { output, errors } = inNamespace(
      'source=$1 file=$2; shift 2; mount --bind "$source" "$file"; mv "$file" "$file.x" 2>/dev/null || echo busy; "$@" "$file"',
      ...[source, place.file, process.execPath, ...applyProgram, place.file],
    );
    assert.equal(output, "busy\ndone\n", errors);
    assert.equal(execFileSync("cat", [source], { encoding: "utf8" }), withShop);
    assert.deepEqual([place.text, place.names], [localhost, ["hosts", "source"]]);
  });

  test("and is as it was when its disk is full by then", mounts, (t) => {
    const place = new HostsFolder(t);
    const { output, errors } = inNamespace(
      `folder=$1 file=$2; shift 2
      mkdir "$folder/disk"
      mount -t tmpfs -o size=16k none "$folder/disk"
      yes '10.0.0.1 nas' | head -c 4090 >"$folder/disk/hosts"
      cp "$folder/disk/hosts" "$folder/copy"
      cat /dev/zero >"$folder/disk/ballast" 2>/dev/null || true
      mount --bind "$folder/disk/hosts" "$file"
      "$@" "$file"
      cmp "$folder/copy" "$folder/disk/hosts" && echo same`,
      ...[place.folder, place.file, process.execPath, ...applyProgram],
    );
    assert.equal(output, "hosts-full\nsame\n", errors);
  });
});

/** Applies, and does something after the file was read for the `n`th time; the first is before the lock. */
async function disturbed(file: string, disturb: (n: number) => void): Promise<Result<HostsEdit>> {
  let reads = 0;
  return await editHostsFile(file, (bytes) => {
    reads += 1;
    disturb(reads);
    return applyShop(bytes);
  });
}

describe("somebody who writes the file at the same time loses nothing", () => {
  const nas = "10.0.0.1 nas\n";

  test("by appending while the new one is made", async (t) => {
    const place = new HostsFolder(t);
    const edited = await disturbed(place.file, (n) => {
      if (n < 5) appendFileSync(place.file, nas);
    });
    assert.equal(codeOf(edited), "done");
    assert.equal(place.text, localhost + nas.repeat(4) + renderHostsBlock(shop));
    assert.deepEqual(place.names, ["hosts"]);
  });

  test("by putting another file in its place, even one of the same content", async (t) => {
    const place = new HostsFolder(t);
    const renamed: number[] = [];
    const edited = await disturbed(place.file, (n) => {
      if (n !== 2) return;
      const next = join(place.folder, "next");
      writeFileSync(next, localhost);
      chmodSync(next, 0o640);
      renamed.push(statSync(next).ino);
      renameSync(next, place.file);
    });
    assert.equal(codeOf(edited), "done");
    assert.equal(renamed.length, 1);
    assert.deepEqual([place.text, statSync(place.file).mode & 0o777], [withShop, 0o640]);
  });

  test("by putting another file in its place just before the rename", posix, async (t) => {
    const place = new HostsFolder(t);
    const next = join(place.folder, "next");
    writeFileSync(next, localhost + nas);
    const system: FileSystem = {
      ...nodeFileSystem,
      open: async (path, flags, mode) => {
        // The folder is opened to be synced once the rename is done.
        if (path === place.folder && existsSync(next)) renameSync(next, place.file);
        return await nodeFileSystem.open(path, flags, mode);
      },
    };
    assert.equal(codeOf(await editHostsFile(place.file, applyShop, system)), "done");
    assert.equal(place.text, localhost + nas + renderHostsBlock(shop));
    assert.deepEqual(place.names, ["hosts"]);
  });

  test("by appending, at the instant of the rename, to the file that was opened before", async (t) => {
    const place = new HostsFolder(t);
    const system: FileSystem = {
      ...nodeFileSystem,
      rename: async (from, to) => {
        const opened = openSync(place.file, "a");
        await nodeFileSystem.rename(from, to);
        writeSync(opened, nas);
        closeSync(opened);
      },
    };
    assert.equal(codeOf(await editHostsFile(place.file, applyShop, system)), "done");
    assert.equal(place.text, withShop + nas);
  });

  test("by putting another file in its place once the new one's is gone", async (t) => {
    const place = new HostsFolder(t);
    let renames = 0;
    const system: FileSystem = {
      ...nodeFileSystem,
      rename: async (from, to) => {
        renames += 1;
        if (renames === 1) {
          rmSync(from);
          writeFileSync(join(place.folder, "next"), localhost + nas);
          renameSync(join(place.folder, "next"), place.file);
        }
        await nodeFileSystem.rename(from, to);
      },
    };
    assert.equal(codeOf(await editHostsFile(place.file, applyShop, system)), "done");
    assert.equal(place.text, localhost + nas + renderHostsBlock(shop));
  });

  test("and whoever writes anew, at the instant of the rename, the file that was opened before is reported", async (t) => {
    const place = new HostsFolder(t);
    const system: FileSystem = {
      ...nodeFileSystem,
      rename: async (from, to) => {
        const opened = openSync(place.file, "r+");
        await nodeFileSystem.rename(from, to);
        writeSync(opened, nas, 0);
        closeSync(opened);
      },
    };
    assert.equal(codeOf(await editHostsFile(place.file, applyShop, system)), "hosts-contended");
  });

  test("and whoever never stops is reported", async (t) => {
    const place = new HostsFolder(t);
    const edited = await disturbed(place.file, () => appendFileSync(place.file, nas));
    assert.equal(codeOf(edited), "hosts-contended");
    assert.equal(place.text, localhost + nas.repeat(101));
    assert.deepEqual(place.names, ["hosts"]);
  });
});
