/** The authority on disk: `ca/root.crt`, `ca/issuer.crt` and `ca/issuer.key`, made once for all processes. */
import { X509Certificate } from "node:crypto";
import { rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Authority, makeAuthority } from "../core/authority.ts";
import { OneportError } from "../core/errors.ts";
import { constrainedNames, isWithinAuthority } from "../core/local-names.ts";
import { permittedNames } from "../core/permitted-names.ts";
import { authorityFiles, exchange, fillBeside, readAuthority } from "./authority-files.ts";
import {
  authorityFolderIn,
  fileStamp,
  makePrivateFolder,
  notWritable,
  obstacleTo,
  rootFileIn,
} from "./state.ts";

/** Milliseconds between two looks at the files. */
const lookInterval = 1000;

/** How often another process may replace the authority under our hands before we give up. */
const mostAttempts = 10;

interface Held {
  readonly authority: Authority;
  readonly stamp: string;
  /** Of the folder: another one is another authority. */
  readonly inode: number;
  /** Milliseconds since 1970, as is when it expires. */
  readonly begins: number;
  readonly expires: number;
  /** What its root says that it is good for; read when first asked for. */
  names?: Promise<readonly string[]>;
}

export class AuthorityFolder {
  readonly rootFile: string;
  readonly #stateDirectory: string;
  readonly #folder: string;
  readonly #now: () => Date;
  #held: Held | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #making: Promise<Authority> | undefined;

  constructor(stateDirectory: string, now: () => Date) {
    this.#stateDirectory = stateDirectory;
    this.#folder = authorityFolderIn(stateDirectory);
    this.rootFile = rootFileIn(stateDirectory);
    this.#now = now;
  }

  /**
   * The authority, undefined when there is none yet; read anew when another process has replaced it, which is
   * looked for at most once a second. Throws a OneportError when it is damaged, expired or not valid yet: a new one
   * made in silence would leave the old root trusted and the user before unexplained warnings.
   */
  async read(): Promise<Authority | undefined> {
    return (await this.#current())?.authority;
  }

  /** Fulfilled when there is an authority, or one could be made; rejects as `readOrMake` does. Makes nothing. */
  async check(): Promise<void> {
    const obstacle = (await this.read()) ? undefined : await obstacleTo(this.#folder);
    if (obstacle) throw obstacle;
  }

  /** As `read`, but makes the authority if there is none. */
  async readOrMake(): Promise<Authority> {
    const present = await this.read();
    if (present) return present;
    this.#making ??= this.#make().finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  /**
   * The DNS names that the authority, or the one that would be made, is good for, each with all names under it. Throws as
   * `read` does.
   */
  async names(): Promise<readonly string[]> {
    const held = await this.#current();
    if (!held) return constrainedNames;
    held.names ??= namesOf(held.authority);
    return held.names;
  }

  /** May the authority certify this name? Its certificate is looked into only where not every authority of ours may. */
  async permits(name: string): Promise<boolean> {
    return isWithinAuthority(name) || isWithinAuthority(name, await this.names());
  }

  /**
   * Puts a new authority in the place of the present one, if there is one: good for the same names and for those `added`.
   * `remember` is given the root that goes while it is still there; its issuer's key is gone afterwards.
   */
  async widen(added: readonly string[], remember: (rootFile: string) => Promise<unknown>): Promise<void> {
    const wanted = new Set(added);
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      const held = await this.#current();
      for (const name of await this.names()) if (!isWithinAuthority(name)) wanted.add(name);
      if (held) await remember(this.rootFile);
      const filled = await this.#fill(await makeAuthority(this.#now(), [...wanted]));
      const isReplaced = await exchange(filled, this.#folder, held?.inode);
      this.#lookedAt = Number.NEGATIVE_INFINITY;
      if (isReplaced) return;
      await rm(filled, { recursive: true, force: true });
    }
    throw this.#unusable("authority-contended", "is replaced by another process all the time");
  }

  /** Filled beside its place and moved there whole: of two processes one wins, and both use the winner's. */
  async #make(): Promise<Authority> {
    const filled = await this.#fill(await makeAuthority(this.#now()));
    try {
      await rename(filled, this.#folder);
    } catch (error) {
      await rm(filled, { recursive: true, force: true });
      if ((await this.#stamp()) === undefined) throw notWritable(this.#folder, error);
    }
    const kept = await this.read();
    if (!kept) throw this.#unusable("authority-damaged", "vanished while it was made");
    return kept;
  }

  async #fill(authority: Authority): Promise<string> {
    await makePrivateFolder(this.#stateDirectory);
    return fillBeside(this.#folder, authority);
  }

  async #current(): Promise<Held | undefined> {
    const now = this.#now().getTime();
    if (!this.#held || Math.abs(now - this.#lookedAt) >= lookInterval) {
      const stamp = await this.#stamp();
      if (this.#held?.stamp !== stamp) this.#held = stamp === undefined ? undefined : await this.#load(stamp);
      this.#lookedAt = now;
    }
    if (this.#held) this.#checkLife(this.#held, now);
    return this.#held;
  }

  #checkLife({ begins, expires }: Held, now: number): void {
    if (expires <= now) throw this.#unusable("authority-expired", "has expired");
    if (begins <= now) return;
    const what = `is not valid before ${new Date(begins).toISOString().slice(0, 10)}`;
    const run = "Set this machine's clock if it is behind. If it was ahead when the authority was made, run";
    throw this.#unusable("authority-not-yet-valid", what, undefined, run);
  }

  /** Changes whenever the folder's content is replaced; undefined when there is no folder. */
  async #stamp(): Promise<string | undefined> {
    try {
      const folder = await fileStamp(this.#folder);
      if (folder === undefined) return undefined;
      const files = authorityFiles.map((name) => join(this.#folder, name));
      return [folder, ...(await Promise.all(files.map(fileStamp)))].join(" ");
    } catch (error) {
      throw this.#unusable("authority-damaged", "cannot be used", error);
    }
  }

  async #load(stamp: string): Promise<Held> {
    try {
      const { ino: inode } = await stat(this.#folder);
      return { ...(await readAuthority(this.#folder)), stamp, inode };
    } catch (error) {
      throw this.#unusable("authority-damaged", "cannot be used", error);
    }
  }

  /** `run` begins the remedy, which has a new authority made. */
  #unusable(code: string, what: string, cause?: unknown, run = "Run"): OneportError {
    const reason = cause instanceof Error ? `: ${cause.message}` : "";
    const problem = {
      code,
      message: `The certificate authority in ${this.#folder} ${what}${reason}.`,
      remedy:
        `${run} "oneport ca untrust" to stop trusting it, delete ${this.#folder}, start Oneport again, ` +
        'which makes a new one, and trust that with "oneport ca trust".',
    };
    return new OneportError(problem, { cause });
  }
}

async function namesOf({ rootCertificate }: Authority): Promise<readonly string[]> {
  const permitted = await permittedNames(new X509Certificate(rootCertificate).raw);
  return permitted?.names ?? [];
}
