/** The new hosts file while it is written: beside the old one, and put in its place by a rename. */
import { randomUUID } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { type FileSystem, filesBeside, lockOf, pathBeside } from "./hosts-lock.ts";

/** Gone when it is disposed of, unless it was renamed. No other writer has one of that name. */
export class HostsDraft implements AsyncDisposable {
  readonly path: string;
  readonly handle: FileHandle;
  readonly #system: FileSystem;

  private constructor(path: string, handle: FileHandle, system: FileSystem) {
    this.path = path;
    this.handle = handle;
    this.#system = system;
  }

  /**
   * For who has the lock, before the hosts file is read. Drafts of others are removed: their writers have died, or sleep and
   * have lost the lock, and must not put in place what they made of an older file.
   */
  static async open(hostsFile: string, system: FileSystem): Promise<HostsDraft> {
    for (const file of await filesBeside(hostsFile, system)) {
      if (file !== lockOf(hostsFile)) await system.rm(file, { force: true });
    }
    const path = pathBeside(hostsFile, `new-${randomUUID()}`);
    return new HostsDraft(path, await system.open(path, "wx", 0o600), system);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.handle.close();
    await this.#system.rm(this.path, { force: true });
  }
}
