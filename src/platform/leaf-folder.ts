/** Leaves on disk: a file for each name, its certificate, its issuer's and its key in one, so that none is ever half there. */
import { createHash } from "node:crypto";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { makePrivateFolder, writePrivateFile } from "./state.ts";

/** A default route takes every name that anyone asks for: the folder must not grow with them. */
const mostFiles = 1000;

export class LeafFolder {
  readonly #folder: string;

  constructor(stateDirectory: string) {
    this.#folder = join(stateDirectory, "leaves");
  }

  /** The PEM text kept for a name. A file that cannot be read is as good as none: it is made again. */
  async read(name: string): Promise<string | undefined> {
    return readFile(this.#fileOf(name), "utf8").catch(() => undefined);
  }

  async write(name: string, pem: string): Promise<void> {
    await makePrivateFolder(this.#folder);
    await writePrivateFile(this.#fileOf(name), pem);
    await this.#prune();
  }

  /** A digest, since names hold what some file system forbids: colons, a leading `con.`, or 253 characters. */
  #fileOf(name: string): string {
    return join(this.#folder, `${createHash("sha256").update(name).digest("hex").slice(0, 32)}.pem`);
  }

  /** Beyond the limit the older half goes, so that the work is seldom. Whatever is missed is made again. */
  async #prune(): Promise<void> {
    const files = await readdir(this.#folder);
    if (files.length <= mostFiles) return;
    const written = await Promise.all(
      files.map(async (file) => {
        const path = join(this.#folder, file);
        // Another process may be pruning too.
        const time = await stat(path).then(
          ({ mtimeMs }) => mtimeMs,
          () => 0,
        );
        return { path, time };
      }),
    );
    written.sort((a, b) => a.time - b.time);
    const old = written.slice(0, written.length - mostFiles / 2);
    await Promise.all(old.map(({ path }) => rm(path, { force: true })));
  }
}
