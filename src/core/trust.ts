/** Oneport's roots in the trust stores of a machine, as values: how ours are told from others, and what became of a store. */
import { createHash, X509Certificate } from "node:crypto";
import type { Command } from "./command.ts";
import type { Problem, Result } from "./errors.ts";

/** The certificate of an authority of Oneport's, today's or one that it replaced. */
export interface Root {
  readonly der: Buffer;
  readonly commonName: string;
  /** Both in lower-case hex. */
  readonly sha256: string;
  readonly sha1: string;
}

/** A root with the file that programs are told to read it from. */
export interface StoredRoot extends Root {
  readonly file: string;
}

export interface HeldRoot {
  readonly root: Root;
  /** As an issuer of TLS servers' certificates. A store can hold one without trusting it. */
  readonly isTrusted: boolean;
  /** What the store knows it by: a nickname, an alias, a path. */
  readonly name: string;
}

/** A place where programs look up whom they trust, and how it is read and changed. */
export interface TrustStore {
  /** The same at each run, and of no other store on the machine. */
  readonly id: string;
  /** Who reads it, for people. */
  readonly name: string;
  readonly place: string;
  readonly needsElevation: boolean;
  /** The roots of Oneport's in it; others are none of our business. */
  read(): Promise<Result<readonly HeldRoot[]>>;
  /** What has to be run, one after the other, for it to trust the root. */
  adding(root: StoredRoot): readonly Command[];
  /** As `adding`, for these to be gone. */
  removing(held: readonly HeldRoot[]): readonly Command[];
  /** What to tell the user when a command did not do its work, from what it said. */
  explain(said: string): Problem;
}

export type TrustState =
  | { readonly is: "trusted" }
  | { readonly is: "not-trusted" }
  | { readonly is: "unknown"; readonly problem: Problem };

/** What became of a store that was to be changed. Only `done` changed it, and that was seen in the store itself. */
export type StoreResult =
  | { readonly how: "done" }
  | { readonly how: "unchanged" }
  | { readonly how: "elevation"; readonly commands: readonly Command[] }
  | { readonly how: "failed"; readonly problem: Problem };

/** RFC 7468: every certificate in a text, as DER. What else stands there is passed over. */
export function certificatesIn(text: string): Buffer[] {
  const found = text.matchAll(/-----BEGIN CERTIFICATE-----([\s\S]*?)-----END CERTIFICATE-----/g);
  return [...found].map(([, base64 = ""]) => Buffer.from(base64, "base64"));
}

/** The root that a PEM text holds; undefined unless it holds just one certificate, and one of an authority of ours. */
export function readRoot(pem: string): Root | undefined {
  const [der, ...others] = certificatesIn(pem);
  if (der === undefined || others.length > 0) return undefined;
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
  } catch {
    return undefined;
  }
  const [, commonName] = /^CN=(Oneport root [\da-f]{8})\nO=Oneport$/.exec(certificate.subject) ?? [];
  const isRoot =
    certificate.ca && certificate.issuer === certificate.subject && certificate.verify(certificate.publicKey);
  if (commonName === undefined || !isRoot) return undefined;
  const digest = (algorithm: string) => createHash(algorithm).update(der).digest("hex");
  return { der, commonName, sha256: digest("sha256"), sha1: digest("sha1") };
}

/** The name of a root's file wherever Oneport puts one. It tells by itself which certificate must be in it. */
export function fileNameOf({ sha256 }: Root): string {
  return `oneport-${sha256.slice(0, 16)}.crt`;
}

/** The same for stores that know certificates by a nickname. */
export function nicknameOf({ commonName, sha256 }: Root): string {
  return `${commonName} (${sha256.slice(0, 16)})`;
}

/** As people compare it: upper case, in pairs. */
export function shownFingerprint({ sha256 }: Root): string {
  return sha256.toUpperCase().replace(/..(?!$)/g, "$&:");
}

/** Is this root to be found among those? */
export function includesRoot(roots: readonly Root[], { sha256 }: Root): boolean {
  return roots.some((each) => each.sha256 === sha256);
}
