/** The authority on disk: `ca/root.crt`, `ca/issuer.crt` and `ca/issuer.key`, made once for all processes. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Authority, makeAuthority } from "../core/authority.ts";
import { OneportError } from "../core/errors.ts";
import { fileStamp, makePrivateFolder, notWritable, writePrivateFile } from "./state.ts";

/** Milliseconds between two looks at the files. */
const lookInterval = 1000;

interface Held {
  readonly authority: Authority;
  readonly stamp: string;
  /** Milliseconds since 1970. */
  readonly expires: number;
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
    this.#folder = join(stateDirectory, "ca");
    this.rootFile = join(this.#folder, "root.crt");
    this.#now = now;
  }

  /**
   * The authority, undefined when there is none yet; read anew when another process has replaced it, which is
   * looked for at most once a second. Throws a OneportError when it is damaged or expired: a new one made in
   * silence would leave the old root trusted and the user before unexplained warnings.
   */
  async read(): Promise<Authority | undefined> {
    const now = this.#now().getTime();
    if (!this.#held || Math.abs(now - this.#lookedAt) >= lookInterval) {
      const stamp = await this.#stamp();
      if (this.#held?.stamp !== stamp) this.#held = stamp === undefined ? undefined : await this.#load(stamp);
      this.#lookedAt = now;
    }
    if (this.#held && this.#held.expires <= now) throw this.#unusable("authority-expired", "has expired");
    return this.#held?.authority;
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

  /** Filled beside its place and moved there whole: of two processes one wins, and both use the winner's. */
  async #make(): Promise<Authority> {
    const authority = await makeAuthority(this.#now());
    await makePrivateFolder(this.#stateDirectory);
    const filled = await this.#fillBeside(authority);
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

  async #fillBeside(authority: Authority): Promise<string> {
    let folder: string;
    try {
      folder = await mkdtemp(`${this.#folder}.new-`);
    } catch (error) {
      throw notWritable(this.#stateDirectory, error);
    }
    try {
      await writePrivateFile(join(folder, "root.crt"), authority.rootCertificate);
      await writePrivateFile(join(folder, "issuer.crt"), authority.issuerCertificate);
      await writePrivateFile(join(folder, "issuer.key"), authority.issuerKey);
      return folder;
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Changes whenever the folder's content is replaced; undefined when there is no folder. */
  async #stamp(): Promise<string | undefined> {
    try {
      const folder = await fileStamp(this.#folder);
      if (folder === undefined) return undefined;
      const files = ["root.crt", "issuer.crt", "issuer.key"].map((name) => join(this.#folder, name));
      return [folder, ...(await Promise.all(files.map(fileStamp)))].join(" ");
    } catch (error) {
      throw this.#unusable("authority-damaged", "cannot be used", error);
    }
  }

  async #load(stamp: string): Promise<Held> {
    try {
      const authority = {
        rootCertificate: await readFile(this.rootFile, "utf8"),
        issuerCertificate: await readFile(join(this.#folder, "issuer.crt"), "utf8"),
        issuerKey: await readFile(join(this.#folder, "issuer.key"), "utf8"),
      };
      return { authority, stamp, expires: checkedExpiry(authority) };
    } catch (error) {
      throw this.#unusable("authority-damaged", "cannot be used", error);
    }
  }

  #unusable(code: string, what: string, cause?: unknown): OneportError {
    const reason = cause instanceof Error ? `: ${cause.message}` : "";
    const problem = {
      code,
      message: `The certificate authority in ${this.#folder} ${what}${reason}.`,
      remedy:
        `Run "oneport ca untrust" to stop trusting it, delete ${this.#folder}, start Oneport again, ` +
        'which makes a new one, and trust that with "oneport ca trust".',
    };
    return new OneportError(problem, { cause });
  }
}

/** When the first of the two certificates expires, in milliseconds. Throws unless the three parts belong together. */
function checkedExpiry({ rootCertificate, issuerCertificate, issuerKey }: Authority): number {
  const root = new X509Certificate(rootCertificate);
  const issuer = new X509Certificate(issuerCertificate);
  if (!root.verify(root.publicKey)) throw new Error("root.crt is not signed by itself");
  if (!issuer.checkIssued(root) || !issuer.verify(root.publicKey)) {
    throw new Error("issuer.crt was not issued by root.crt");
  }
  if (!issuer.checkPrivateKey(createPrivateKey(issuerKey))) {
    throw new Error("issuer.key is not the key of issuer.crt");
  }
  return Math.min(Date.parse(root.validTo), Date.parse(issuer.validTo));
}
