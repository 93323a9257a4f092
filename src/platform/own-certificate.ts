/** One of the user's own certificates, read from its PEM file with the key in it or beside it. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import type { SecureContext } from "node:tls";
import { canonicalAddress } from "../core/domain.ts";
import { fail, messageOf, ok, type Problem, type Result, shortReason, systemCode } from "../core/errors.ts";
import { tlsContext } from "./tls-context.ts";

export interface OwnCertificate {
  readonly path: string;
  /** As in the SAN, lower-case: DNS names, wildcards too, and IP literals. */
  readonly names: readonly string[];
  /** Milliseconds since 1970. */
  readonly validFrom: number;
  readonly validTo: number;
  readonly chainLength: number;
  readonly context: SecureContext;
}

/** A file that is of no use, and what it would have certified as far as that can be known. */
export interface Fault {
  readonly names: readonly string[];
  readonly problem: Problem;
}

export interface Candidate {
  readonly path: string;
  /** Named by the user, not found in a folder: then holding no certificate is a mistake. */
  readonly listed: boolean;
}

/** Where the key of a certificate lies when not in the same file: as OpenSSL, mkcert and certbot users name it. */
export function keyFilesOf(path: string): string[] {
  const stem = basename(path, extname(path));
  const names = [`${stem}.key`, `${stem}-key.pem`];
  if (stem === "fullchain" || stem === "cert") names.push("privkey.pem");
  return names.map((name) => join(dirname(path), name));
}

/** Undefined for a file that is none of our business: a key alone, or in a folder whatever else lies there. */
export async function readCertificate({
  path,
  listed,
}: Candidate): Promise<Result<OwnCertificate, Fault> | undefined> {
  const text = await readFile(path, "utf8").then(ok, (error) => unreadable(path, error));
  if (!text.ok) return text;
  const pem = text.value;
  if (!pem.includes("-----BEGIN CERTIFICATE-----")) {
    if (!listed || holdsKey(pem)) return undefined;
    return fault([], "certificate-missing", `${path} holds no certificate in PEM form.`, "Name a PEM file.");
  }
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch (error) {
    const message = `The certificate in ${path} cannot be read: ${messageOf(error)}.`;
    return fault([], "certificate-damaged", message, "Put the file there again.");
  }
  const key = await readKey(path, pem, certificate);
  if (!key.ok) return key.error.problem.code === "key-missing" && !listed && certificate.ca ? undefined : key;
  return own(path, pem, certificate, key.value);
}

async function readKey(
  path: string,
  pem: string,
  certificate: X509Certificate,
): Promise<Result<string, Fault>> {
  const names = namesOf(certificate);
  const found = await findKey(path, pem);
  if (!found.ok) return fail({ ...found.error, names });
  const keyPem = found.value;
  if (keyPem === undefined) {
    const places = keyFilesOf(path).map((file) => basename(file));
    const message = `No private key was found for the certificate in ${path}.`;
    const remedy = `Put it in the same file, or beside it in ${places.join(" or ")}.`;
    return fault(names, "key-missing", message, remedy);
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(keyPem);
  } catch (error) {
    if (keyPem.includes("ENCRYPTED")) {
      const message = `The private key of ${path} is encrypted.`;
      return fault(names, "key-encrypted", message, "Decrypt it with: openssl pkey -in KEY -out NEWKEY");
    }
    const message = `The private key of ${path} cannot be read: ${messageOf(error)}.`;
    return fault(names, "key-damaged", message, "Put the file there again.");
  }
  if (certificate.checkPrivateKey(key)) return ok(keyPem);
  const message = `The private key found for ${path} belongs to another certificate.`;
  return fault(names, "key-mismatch", message, "Put the certificate and its own key side by side.");
}

/** The first text that holds a private key, of the certificate's own file and those beside it. */
async function findKey(path: string, pem: string): Promise<Result<string | undefined, Fault>> {
  if (holdsKey(pem)) return ok(pem);
  for (const file of keyFilesOf(path)) {
    try {
      const text = await readFile(file, "utf8");
      if (holdsKey(text)) return ok(text);
    } catch (error) {
      if (systemCode(error) !== "ENOENT") return unreadable(file, error);
    }
  }
  return ok(undefined);
}

function own(
  path: string,
  pem: string,
  certificate: X509Certificate,
  key: string,
): Result<OwnCertificate, Fault> {
  const names = namesOf(certificate);
  if (names.length === 0) {
    const message = `The certificate in ${path} names no domain in its subjectAltName.`;
    return fault(names, "certificate-nameless", message, "Have it made again with the domain as a SAN.");
  }
  try {
    return ok({
      path,
      names,
      validFrom: Date.parse(certificate.validFrom),
      validTo: Date.parse(certificate.validTo),
      chainLength: pem.split("-----BEGIN CERTIFICATE-----").length - 1,
      context: tlsContext(pem, key),
    });
  } catch (error) {
    const message = `TLS does not take the certificate in ${path}: ${messageOf(error)}.`;
    const remedy = "Have it made again, with a key of 2048 bits or more.";
    return fault(names, "certificate-refused", message, remedy);
  }
}

/** Node quotes a name that holds a comma or the like, so that it cannot pass for two; such names are left out. */
function namesOf(certificate: X509Certificate): string[] {
  const entries = certificate.subjectAltName?.matchAll(
    /(?:^|, )(DNS|IP Address|[^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)/g,
  );
  return [...(entries ?? [])].flatMap(([, kind, value = ""]) => {
    if (kind === "DNS" && !value.startsWith('"')) return [value.toLowerCase()];
    return kind === "IP Address" ? [canonicalAddress(value) ?? value] : [];
  });
}

function holdsKey(pem: string): boolean {
  return /-----BEGIN ([A-Z]+ )?PRIVATE KEY-----/.test(pem);
}

export function unreadable(path: string, error: unknown): Result<never, Fault> {
  const message = `${path} cannot be read (${shortReason(error)}).`;
  const remedy = "Correct the path in oneport.certificateFiles, or its mode.";
  return fault([], "certificate-unreadable", message, remedy);
}

function fault(
  names: readonly string[],
  code: string,
  message: string,
  remedy: string,
): Result<never, Fault> {
  return fail({ names, problem: { code, message, remedy } });
}
