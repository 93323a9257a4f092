/** One writer of the hosts file at a time: who has made the lock beside it. */
import type * as nodeFileSystem from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { OneportError, systemCode } from "../core/errors.ts";

/** What writing needs of a file system: a test puts in one that fails. */
export type FileSystem = Pick<
  typeof nodeFileSystem,
  "appendFile" | "lstat" | "open" | "readdir" | "rename" | "rm"
>;

/** Milliseconds. A lock is held for few of them; one that old was left by a process that died. */
const longestHold = 5_000;
const longestWait = 15_000;
const pollInterval = 20;

/** A file of ours in the folder of a hosts file. */
export function pathBeside(hostsFile: string, name: string): string {
  return join(dirname(hostsFile), `.${basename(hostsFile)}.oneport-${name}`);
}

export function lockOf(hostsFile: string): string {
  return pathBeside(hostsFile, "lock");
}

/** All of ours that are there. Where no writer is at work, one that was killed has left them. */
export async function filesBeside(hostsFile: string, system: FileSystem): Promise<readonly string[]> {
  const names = (await system.readdir(dirname(hostsFile))).sort();
  const paths = names.map((name) => join(dirname(hostsFile), name));
  return paths.filter((path) => path.startsWith(pathBeside(hostsFile, "")));
}

/**
 * An empty file with a name that only one process can have made. It may be taken from a holder that sleeps for too long,
 * who therefore asks `isHeld` before writing; see `HostsDraft` for one that falls asleep after that.
 */
export class HostsLock implements AsyncDisposable {
  readonly #path: string;
  readonly #handle: nodeFileSystem.FileHandle;
  readonly #system: FileSystem;

  private constructor(path: string, handle: nodeFileSystem.FileHandle, system: FileSystem) {
    this.#path = path;
    this.#handle = handle;
    this.#system = system;
  }

  /** Waits while another process holds it. Throws a OneportError when that takes too long, and the system's errors. */
  static async take(hostsFile: string, system: FileSystem): Promise<HostsLock> {
    const path = lockOf(hostsFile);
    const end = Date.now() + longestWait;
    for (;;) {
      try {
        return new HostsLock(path, await system.open(path, "wx", 0o600), system);
      } catch (error) {
        if (systemCode(error) !== "EEXIST") throw error;
      }
      if (Date.now() > end) throw locked(hostsFile, path);
      if (await isAbandoned(path, system)) await system.rm(path, { force: true });
      else await delay(pollInterval);
    }
  }

  async isHeld(): Promise<boolean> {
    return await isSameFile(this.#path, this.#handle, this.#system);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const isHeld = await this.isHeld();
    await this.#handle.close();
    if (isHeld) await this.#system.rm(this.#path, { force: true });
  }
}

/** Is the file at this path still the one that was opened? */
export async function isSameFile(
  path: string,
  handle: nodeFileSystem.FileHandle,
  system: FileSystem,
): Promise<boolean> {
  const opened = await handle.stat({ bigint: true });
  try {
    const present = await system.lstat(path, { bigint: true });
    return present.ino === opened.ino && present.dev === opened.dev;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return false;
    throw error;
  }
}

/** By the time of its last change, which unlike that of its last write no program can set. */
async function isAbandoned(path: string, system: FileSystem): Promise<boolean> {
  try {
    return Math.abs(Date.now() - (await system.lstat(path)).ctimeMs) > longestHold;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return false;
    throw error;
  }
}

function locked(hostsFile: string, path: string): OneportError {
  return new OneportError({
    code: "hosts-locked",
    message: `${hostsFile} is being written by another Oneport all the time.`,
    remedy: `Try again later, or delete ${path} if there is no other one.`,
  });
}
