/** The user's own certificates: PEM files and folders of them, chosen by the names they certify, read again when they change. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { SecureContext } from "node:tls";
import { ok, type Problem, type Result, systemCode } from "../core/errors.ts";
import {
  type Candidate,
  type Fault,
  keyFilesOf,
  type OwnCertificate,
  readCertificate,
  unreadable,
} from "./own-certificate.ts";
import { fileStamp } from "./state.ts";

/** Milliseconds between two looks at the files. */
const lookInterval = 1000;

interface Loaded {
  readonly stamp: string;
  readonly certificates: readonly OwnCertificate[];
  readonly byName: ReadonlyMap<string, readonly OwnCertificate[]>;
  readonly faults: readonly Fault[];
}

export class CertificateFiles {
  readonly #paths: readonly string[];
  readonly #now: () => Date;
  #loaded: Promise<Loaded> = Promise.resolve({ stamp: "", certificates: [], byName: new Map(), faults: [] });
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** `paths` are absolute: files, or folders whose `.pem`, `.crt` and `.cer` files are taken. */
  constructor(paths: readonly string[], now: () => Date) {
    this.#paths = paths;
    this.#now = now;
  }

  /** The secure context of the certificate that is valid now: the exact name before a wildcard, then the newest. */
  async contextFor(name: string): Promise<SecureContext | undefined> {
    const { byName } = await this.#current();
    return candidatesFor(name, byName).find((certificate) => this.#isValid(certificate))?.context;
  }

  /** What keeps the files from serving a name that one of them certifies; empty if it is served or in none. */
  async problemsFor(name: string): Promise<readonly Problem[]> {
    const { byName, faults } = await this.#current();
    const candidates = candidatesFor(name, byName);
    if (candidates.some((certificate) => this.#isValid(certificate))) return [];
    const meant = faults.filter(({ names }) => names.includes(name) || names.includes(wildcardOver(name)));
    return [...candidates.map(notValid), ...meant.map(({ problem }) => problem)];
  }

  /** Everything that is wrong with the files, whatever name it is about. */
  async problems(): Promise<readonly Problem[]> {
    const { certificates, faults } = await this.#current();
    const outdated = certificates.filter((certificate) => !this.#isValid(certificate));
    return [...faults.map(({ problem }) => problem), ...outdated.map(notValid)];
  }

  #isValid({ validFrom, validTo }: OwnCertificate): boolean {
    const now = this.#now().getTime();
    return validFrom <= now && now < validTo;
  }

  #current(): Promise<Loaded> {
    const now = this.#now().getTime();
    if (Math.abs(now - this.#lookedAt) >= lookInterval) {
      this.#lookedAt = now;
      this.#loaded = this.#loaded.then((last) => load(this.#paths, last));
    }
    return this.#loaded;
  }
}

function candidatesFor(name: string, byName: Loaded["byName"]): OwnCertificate[] {
  return [...(byName.get(name) ?? []), ...(byName.get(wildcardOver(name)) ?? [])];
}

/** RFC 6125 §6.4.3: a wildcard stands for one label. */
function wildcardOver(name: string): string {
  return name.replace(/^[^.]*/, "*");
}

/** Never rejects: what cannot be read is a fault among the others. */
async function load(paths: readonly string[], last: Loaded): Promise<Loaded> {
  const listed = await Promise.all(paths.map(expand));
  const candidates = listed.flatMap((result) => (result.ok ? result.value : []));
  const unreadable = listed.flatMap((result) => (result.ok ? [] : [result.error]));
  const stamps = await Promise.all(candidates.map(stampOf));
  const stamp = JSON.stringify([stamps, unreadable.map(({ problem }) => problem.message)]);
  if (stamp === last.stamp) return last;

  const served = new Map(last.certificates.map((certificate) => [certificate.path, certificate]));
  // One after the other: each holds a file open, and a folder may have more of them than a process may hold.
  const read = [];
  for (const { path, listed } of candidates) {
    const before = served.get(path);
    read.push({ result: await readCertificate({ path, listed: listed || before !== undefined }), before });
  }
  // Renewed in two steps, a pair does not match in between: until it does, or its file is gone, what was read before serves on.
  const certificates = read.flatMap(({ result, before }) => (result?.ok ? result.value : (before ?? [])));
  const faults = read.flatMap(({ result }) => (result && !result.ok ? [result.error] : []));
  certificates.sort((a, b) => b.validFrom - a.validFrom || b.chainLength - a.chainLength);
  const byName = new Map<string, OwnCertificate[]>();
  for (const certificate of certificates) {
    for (const name of certificate.names) byName.set(name, [...(byName.get(name) ?? []), certificate]);
  }
  return { stamp, certificates, byName, faults: [...unreadable, ...faults] };
}

async function expand(path: string): Promise<Result<Candidate[], Fault>> {
  try {
    if (!(await stat(path)).isDirectory()) return ok([{ path, listed: true }]);
    const files = (await readdir(path)).filter((file) => /\.(pem|crt|cer)$/i.test(file)).sort();
    return ok(files.map((file) => ({ path: join(path, file), listed: false })));
  } catch (error) {
    return unreadable(path, error);
  }
}

/** Of the file and of all that may hold its key. */
async function stampOf({ path }: Candidate): Promise<string> {
  const stamps = [path, ...keyFilesOf(path)].map((file) => fileStamp(file).catch(systemCode));
  return [path, ...(await Promise.all(stamps))].join(" ");
}

function notValid({ path, validFrom, validTo }: OwnCertificate): Problem {
  const [from, to] = [validFrom, validTo].map((time) => new Date(time).toISOString().slice(0, 10));
  return {
    code: "certificate-not-valid",
    message: `The certificate in ${path} is valid from ${from} to ${to} only.`,
    remedy: "Renew it; the new file is taken without a restart.",
  };
}
