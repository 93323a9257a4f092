/** The local certificate authority and the leaves it signs: PEM text in, PEM text out. */
import { createPrivateKey, KeyObject, randomBytes, webcrypto } from "node:crypto";
import { canonicalAddress } from "./domain.ts";
import { constrainedAddresses, constrainedNames } from "./local-names.ts";

/** A name-constrained root and the issuer it signed once. The root's key no longer exists. PEM, each ending in a line feed. */
export interface Authority {
  readonly rootCertificate: string;
  readonly issuerCertificate: string;
  readonly issuerKey: string;
}

/** What a TLS server shows: its certificate followed by its issuer's, if it has one, and its own key. PEM. */
export interface Leaf {
  readonly chain: string;
  readonly key: string;
}

const hour = 3_600_000;
const day = 24 * hour;
const authorityDays = 3650;
/** One less than the 397 that Chrome and Apple allow: some count both ends. */
const leafDays = 396;

const keyAlgorithm = { name: "ECDSA", namedCurve: "P-256" };

/** A leaf may stand for this much of its life: from two thirds on it is due to be renewed. Times in milliseconds. */
export function renewalTime(notBefore: number, notAfter: number): number {
  return notBefore + ((notAfter - notBefore) * 2) / 3;
}

/** The life of a certificate made at `now`: back-dated an hour, for clocks that lag. */
export function leafLifetime(now: Date): { readonly notBefore: Date; readonly notAfter: Date } {
  return lifetime(now, leafDays);
}

/**
 * Makes a new authority, good for `constrainedNames` and the names `added`, which the user agreed to one by one. The key of
 * its root signs the issuer and is dropped here.
 */
export async function makeAuthority(now: Date, added: readonly string[] = []): Promise<Authority> {
  const x509 = await loadX509();
  const constraints = await nameConstraints([...constrainedNames, ...added]);
  // Two authorities of one machine must differ in name: trust stores and path builders look issuers up by it.
  const id = randomBytes(4).toString("hex");
  const rootName = `CN=Oneport root ${id}, O=Oneport`;
  const rootKeys = await newKeys();
  const issuerKeys = await newKeys();
  const common = { ...lifetime(now, authorityDays), signingAlgorithm: { hash: "SHA-256" } };
  const caUsages = new x509.KeyUsagesExtension(
    x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
    true,
  );

  const root = await x509.X509CertificateGenerator.createSelfSigned({
    ...common,
    serialNumber: serialNumber(),
    name: rootName,
    keys: rootKeys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 1, true),
      caUsages,
      constraints,
      await x509.SubjectKeyIdentifierExtension.create(rootKeys.publicKey),
    ],
  });
  // The constraints stand on the issuer too: Java does not heed those of a root.
  const issuer = await x509.X509CertificateGenerator.create({
    ...common,
    serialNumber: serialNumber(),
    subject: `CN=Oneport issuer ${id}, O=Oneport`,
    issuer: root.subjectName,
    publicKey: issuerKeys.publicKey,
    signingKey: rootKeys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      caUsages,
      // Name constraints of these two kinds say nothing of e-mail or code: this use does.
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      constraints,
      await x509.SubjectKeyIdentifierExtension.create(issuerKeys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(rootKeys.publicKey),
    ],
  });
  return {
    rootCertificate: pem(root.toString("pem")),
    issuerCertificate: pem(issuer.toString("pem")),
    issuerKey: pemOfKey(issuerKeys.privateKey),
  };
}

/**
 * Makes a certificate for one name (a lower-case DNS name or an IP literal), signed by the issuer.
 * Whether the constraints allow the name is the caller's question (`isWithinAuthority`): clients reject it otherwise.
 */
export async function makeLeaf(authority: Authority, name: string, now: Date): Promise<Leaf> {
  const x509 = await loadX509();
  const issuer = new x509.X509Certificate(authority.issuerCertificate);
  const { notBefore, notAfter } = leafLifetime(now);
  const keys = await newKeys();
  const address = canonicalAddress(name);
  const leaf = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    // A fixed subject: it cannot be injected into, fits the 64 characters of a CN, and, having a space, is never
    // taken for a DNS name that the constraints would have to allow (OpenSSL looks, when the SAN has only an IP).
    subject: "CN=Oneport leaf",
    issuer: issuer.subjectName,
    notBefore,
    notAfter: new Date(Math.min(notAfter.getTime(), issuer.notAfter.getTime())),
    publicKey: keys.publicKey,
    signingKey: createPrivateKey(authority.issuerKey).toCryptoKey(keyAlgorithm, false, ["sign"]),
    signingAlgorithm: { hash: "SHA-256" },
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        address === undefined ? { type: "dns", value: name } : { type: "ip", value: address },
      ]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return { chain: pem(leaf.toString("pem")) + authority.issuerCertificate, key: pemOfKey(keys.privateKey) };
}

/** Loaded when a certificate must be made and no sooner: together they cost a window some 50 ms of its start. */
async function loadX509() {
  // Inside @peculiar/x509, tsyringe throws while loading unless this polyfill came first.
  await import("reflect-metadata");
  return import("@peculiar/x509");
}

/** RFC 5280 §4.2.1.10. A DNS name is written without a leading dot: then it stands for itself too. */
async function nameConstraints(names: readonly string[]) {
  const { Extension } = await loadX509();
  const asn1 = await import("@peculiar/asn1-x509");
  const { AsnConvert } = await import("@peculiar/asn1-schema");
  const bases = [
    ...names.map((dNSName) => new asn1.GeneralName({ dNSName })),
    ...constrainedAddresses.map((iPAddress) => new asn1.GeneralName({ iPAddress })),
  ];
  const permitted = new asn1.GeneralSubtrees(bases.map((base) => new asn1.GeneralSubtree({ base })));
  const value = AsnConvert.serialize(new asn1.NameConstraints({ permittedSubtrees: permitted }));
  return new Extension(asn1.id_ce_nameConstraints, true, value);
}

function lifetime(now: Date, days: number) {
  const notBefore = new Date(now.getTime() - hour);
  return { notBefore, notAfter: new Date(notBefore.getTime() + days * day) };
}

function newKeys() {
  return webcrypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"]);
}

/** 16 octets in hex, the first in 40…7f: positive, and never shortened for a leading zero. */
function serialNumber(): string {
  const octets = randomBytes(16);
  octets[0] = 0x40 | (octets.readUInt8(0) & 0x3f);
  return octets.toString("hex");
}

function pemOfKey(key: webcrypto.CryptoKey): string {
  return pem(KeyObject.from(key).export({ type: "pkcs8", format: "pem" }).toString());
}

function pem(text: string): string {
  return `${text.trimEnd()}\n`;
}
