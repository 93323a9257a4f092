/** The lock: one writer at a time, and none that keeps the others out by dying. */
import assert from "node:assert/strict";
import { rmSync, statSync, writeFileSync } from "node:fs";
import * as nodeFileSystem from "node:fs/promises";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Result } from "../../src/core/errors.ts";
import { editHostsFile } from "../../src/platform/hosts-file.ts";
import { type FileSystem, lockOf } from "../../src/platform/hosts-lock.ts";
import { applyShop, HostsFolder, localhost, withShop } from "./hosts-support.ts";

const codeOf = (result: Result<unknown>) => (result.ok ? "done" : result.error.code);
const failure = (code: string) => Object.assign(new Error(code), { code });

describe("the lock", () => {
  test("is waited for while another one holds it", async (t) => {
    const place = new HostsFolder(t);
    writeFileSync(lockOf(place.file), "");
    const editing = editHostsFile(place.file, applyShop);
    await delay(150);
    assert.equal(place.text, localhost);
    rmSync(lockOf(place.file));
    assert.equal(codeOf(await editing), "done");
    assert.equal(place.text, withShop);
  });

  test("of a process that died is taken after five seconds", async (t) => {
    const place = new HostsFolder(t);
    writeFileSync(lockOf(place.file), "half of a fi");
    const begin = Date.now();
    assert.equal(codeOf(await editHostsFile(place.file, applyShop)), "done");
    const seconds = (Date.now() - begin) / 1000;
    assert.ok(seconds > 4.5 && seconds < 8, `${seconds} s`);
    assert.deepEqual([place.text, place.names], [withShop, ["hosts"]]);
  });

  test("that is always held by somebody is reported in the end", async (t) => {
    const place = new HostsFolder(t);
    let now = Date.now();
    t.mock.method(Date, "now", () => now);
    const system: FileSystem = {
      ...nodeFileSystem,
      open: (path, flags, mode) => {
        if (flags !== "wx") return nodeFileSystem.open(path, flags, mode);
        now += 1000;
        return Promise.reject(failure("EEXIST"));
      },
    };
    assert.equal(codeOf(await editHostsFile(place.file, applyShop, system)), "hosts-locked");
    assert.equal(place.text, localhost);
  });

  test("that was taken from a holder who slept is the other one's, and makes the holder start over", async (t) => {
    const place = new HostsFolder(t);
    let locks = 0;
    let waits = 0;
    const system: FileSystem = {
      ...nodeFileSystem,
      open: async (path, flags, mode) => {
        if (path === lockOf(place.file)) {
          if (locks === 1 && ++waits > 3) rmSync(path);
          const lock = await nodeFileSystem.open(path, flags, mode);
          locks += 1;
          return lock;
        }
        const handle = await nodeFileSystem.open(path, flags, mode);
        const sync = handle.sync.bind(handle);
        handle.sync = async () => {
          if (locks === 1) {
            rmSync(lockOf(place.file));
            writeFileSync(lockOf(place.file), "another one's");
          }
          await sync();
        };
        return handle;
      },
    };
    assert.equal(codeOf(await editHostsFile(place.file, applyShop, system)), "done");
    assert.deepEqual([locks, waits, place.text, place.names], [2, 4, withShop, ["hosts"]]);
  });

  test("that is taken from a holder who fell asleep before the rename costs the file not a byte", async (t) => {
    // The other one has the lock alone when the sleeper wakes, or its draft as well.
    for (const made of [1, 2]) {
      const place = new HostsFolder(t);
      const awake = Promise.withResolvers<void>();
      const ready = Promise.withResolvers<void>();
      let files = 0;
      const other: FileSystem = {
        ...nodeFileSystem,
        open: async (path, flags, mode) => {
          const handle = await nodeFileSystem.open(path, flags, mode);
          if (flags === "wx" && ++files === made) {
            ready.resolve();
            await awake.promise;
          }
          return handle;
        },
      };
      const late: Promise<Result<unknown>>[] = [];
      const sleeper: FileSystem = {
        ...nodeFileSystem,
        rename: async (from, to) => {
          if (late.length > 0) return await nodeFileSystem.rename(from, to);
          const clock = t.mock.method(Date, "now", () => statSync(place.file).ctimeMs + 6000);
          late.push(editHostsFile(place.file, applyShop, other));
          await ready.promise;
          clock.mock.restore();
          try {
            await nodeFileSystem.rename(from, to);
          } finally {
            assert.ok([localhost, withShop].includes(place.text), JSON.stringify(place.text));
            awake.resolve();
          }
        },
      };
      assert.equal(codeOf(await editHostsFile(place.file, applyShop, sleeper)), "done");
      assert.deepEqual((await Promise.all(late)).map(codeOf), ["done"]);
      assert.deepEqual([place.text, place.names], [withShop, ["hosts"]]);
    }
  });
});
