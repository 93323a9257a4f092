/** Which certificate answers a handshake: the user's own, else a leaf that is made at the first handshake for its name. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { resolve } from "node:path";
import type { SecureContext } from "node:tls";
import { type Authority, makeLeaf, renewalTime } from "../core/authority.ts";
import { canonicalAddress } from "../core/domain.ts";
import { OneportError, type Problem, problemOf } from "../core/errors.ts";
import { makeSelfSigned } from "../core/self-signed.ts";
import type { Settings } from "../core/settings.ts";
import { AuthorityFolder } from "./authority-folder.ts";
import { CertificateFiles } from "./certificate-files.ts";
import { Lately } from "./lately.ts";
import { LeafFolder } from "./leaf-folder.ts";
import { userHome } from "./machine.ts";
import { tlsContext } from "./tls-context.ts";

/** The settings `oneport.certificates` and `oneport.certificateFiles`; the files as absolute paths. */
export interface CertificateSettings {
  readonly mode: "authority" | "selfSigned";
  readonly files: readonly string[];
}

/** The two settings as the user wrote them, with `~` as the user's home. */
export function certificateSettings({ certificates, certificateFiles }: Settings): CertificateSettings {
  const files = certificateFiles.map((file) => resolve(file.replace(/^~(?=[\\/]|$)/, userHome)));
  return { mode: certificates, files };
}

/** Times are in milliseconds since 1970. */
interface Minted {
  readonly context: SecureContext;
  readonly validFrom: number;
  readonly renewAt: number;
}

interface Held {
  /** PEM; absent for a self-signed leaf. A leaf of another issuer than today's is made again. */
  readonly issuer: string | undefined;
  readonly minted: Promise<Minted>;
}

/** Names held in memory, some 45 KB each; the one that was not asked for the longest goes first. */
const mostHeld = 250;

const dnsName = /^(?=.{1,253}$)[a-z\d_-]{1,63}(\.[a-z\d_-]{1,63})*$/;

export class Certificates {
  readonly #authority: AuthorityFolder;
  readonly #leaves: LeafFolder;
  readonly #now: () => Date;
  readonly #held = new Map<string, Held>();
  #lately = new Lately<SecureContext>();
  #mode: CertificateSettings["mode"];
  #files: CertificateFiles;
  /** Why the last leaf could not be kept on disk. It serves from memory all the same. */
  #notKept: Problem | undefined;

  constructor(stateDirectory: string, settings: CertificateSettings, now: () => Date = () => new Date()) {
    this.#authority = new AuthorityFolder(stateDirectory, now);
    this.#leaves = new LeafFolder(stateDirectory);
    this.#now = now;
    this.#mode = settings.mode;
    this.#files = new CertificateFiles(settings.files, now);
  }

  /** Takes effect at the next handshake. */
  configure(settings: CertificateSettings): void {
    this.#mode = settings.mode;
    this.#files = new CertificateFiles(settings.files, this.#now);
    this.#lately = new Lately();
  }

  /**
   * The secure context to answer a handshake for `name`: a lower-case ASCII DNS name without a trailing dot, or an
   * IP literal. Rejects with a OneportError when it is neither, or when the authority cannot be used or made.
   * Another file, or another authority, is noticed within two seconds.
   */
  async contextFor(name: string): Promise<SecureContext> {
    const lately = this.#lately;
    const known = lately.get(name, this.#now().getTime());
    if (known) return known;
    const context = await this.#find(name);
    // Not among the answers that other settings have given meanwhile.
    lately.add(name, context);
    return context;
  }

  async #find(name: string): Promise<SecureContext> {
    const address = canonicalAddress(name);
    if (address === undefined && !dnsName.test(name)) throw notCertifiable(name);
    const subject = address ?? name;
    return (await this.#files.contextFor(subject)) ?? (await this.#leafFor(subject));
  }

  /** The path of `ca/root.crt`. The authority is made if need be, but never when certificates are self-signed. */
  async rootCertificateFile(): Promise<string> {
    const present =
      this.#mode === "authority" ? await this.#authority.readOrMake() : await this.#authority.read();
    if (present) return this.#authority.rootFile;
    throw new OneportError({
      code: "no-authority",
      message: "There is no certificate authority: certificates are self-signed here.",
      remedy: 'Set oneport.certificates to "authority" to have one.',
    });
  }

  /** What a user should know about the certificate of a name. Makes nothing. */
  async problemsFor(name: string): Promise<readonly Problem[]> {
    const subject = canonicalAddress(name) ?? name;
    if (await this.#files.contextFor(subject)) return [];
    const problems = [...(await this.#files.problemsFor(subject))];
    if (this.#mode === "authority") problems.push(...(await this.#authorityProblems(subject)));
    if (this.#notKept) problems.push(this.#notKept);
    return problems;
  }

  /** Everything that is wrong with the user's own files, whatever name it is about. */
  fileProblems(): Promise<readonly Problem[]> {
    return this.#files.problems();
  }

  async #authorityProblems(name: string): Promise<Problem[]> {
    try {
      await this.#authority.check();
      return (await this.#authority.permits(name)) ? [] : [outsideAuthority(name)];
    } catch (error) {
      return [problemOf(error)];
    }
  }

  /** Handshakes that come together share what the first of them makes. */
  async #leafFor(name: string): Promise<SecureContext> {
    const usesAuthority = this.#mode === "authority" && (await this.#authority.permits(name));
    const authority = usesAuthority ? await this.#authority.readOrMake() : undefined;
    for (let held = this.#held.get(name); held; held = this.#held.get(name)) {
      if (held.issuer !== authority?.issuerCertificate) break;
      const { context, validFrom, renewAt } = await held.minted;
      // While this one waited, another handshake may have renewed it.
      if (this.#held.get(name) !== held) continue;
      this.#held.delete(name);
      // One that was made while the clock was ahead is not valid yet.
      const now = this.#now().getTime();
      if (now < validFrom || now >= renewAt) break;
      this.#held.set(name, held);
      return context;
    }
    return this.#hold(name, authority);
  }

  async #hold(name: string, authority: Authority | undefined): Promise<SecureContext> {
    const held = { issuer: authority?.issuerCertificate, minted: this.#mint(name, authority) };
    this.#held.set(name, held);
    const [oldest] = this.#held.keys();
    if (this.#held.size > mostHeld && oldest !== undefined) this.#held.delete(oldest);
    try {
      return (await held.minted).context;
    } catch (error) {
      if (this.#held.get(name) === held) this.#held.delete(name);
      throw error;
    }
  }

  /** The leaf on disk if it is good, else a new one. */
  async #mint(name: string, authority: Authority | undefined): Promise<Minted> {
    const kept = await this.#leaves.read(name);
    if (kept !== undefined && isGood(kept, name, authority, this.#now().getTime())) return mintedFrom(kept);
    const { chain, key } = await (authority
      ? makeLeaf(authority, name, this.#now())
      : makeSelfSigned(name, this.#now()));
    const made = chain + key;
    this.#notKept = await this.#leaves.write(name, made).then(() => undefined, problemOf);
    return mintedFrom(made);
  }
}

/** Is a leaf from disk for this name, of this issuer (or its own), whole, and not yet due for renewal? */
function isGood(pem: string, name: string, authority: Authority | undefined, now: number): boolean {
  try {
    const leaf = new X509Certificate(pem);
    const issuer = authority ? new X509Certificate(authority.issuerCertificate) : leaf;
    const isFor = canonicalAddress(name)
      ? leaf.checkIP(name)
      : leaf.checkHost(name, { subject: "never", wildcards: false });
    const isTimely = Date.parse(leaf.validFrom) <= now && now < renewAt(leaf);
    const isWhole = leaf.verify(issuer.publicKey) && leaf.checkPrivateKey(createPrivateKey(pem));
    return isFor !== undefined && isTimely && isWhole;
  } catch {
    // Cut short or overwritten. A leaf is worth nothing but the milliseconds it takes to make another.
    return false;
  }
}

/** OpenSSL takes from one text the certificates as the chain and the key as the key. */
function mintedFrom(pem: string): Minted {
  const leaf = new X509Certificate(pem);
  return { context: tlsContext(pem, pem), validFrom: Date.parse(leaf.validFrom), renewAt: renewAt(leaf) };
}

function renewAt(leaf: X509Certificate): number {
  return renewalTime(Date.parse(leaf.validFrom), Date.parse(leaf.validTo));
}

function notCertifiable(name: string): OneportError {
  return new OneportError({
    code: "name-not-certifiable",
    message: `No certificate can be made for ${JSON.stringify(name)}: it is neither a domain name nor an IP address.`,
    remedy: "Use letters, digits and hyphens in each part of the name.",
  });
}

function outsideAuthority(name: string): Problem {
  return {
    code: "outside-authority",
    message: `${name} gets a self-signed certificate, which browsers warn of: the authority may not certify it.`,
    remedy:
      `Use a name under .test, name your own certificate for it in oneport.certificateFiles, or run "oneport ca trust --allow ` +
      `${name}" for an authority that may.`,
  };
}
