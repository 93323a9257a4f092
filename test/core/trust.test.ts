/** Telling Oneport's roots from other certificates, and the names they go by. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { makeAuthority, makeLeaf } from "../../src/core/authority.ts";
import { shellLine } from "../../src/core/command.ts";
import {
  certificatesIn,
  fileNameOf,
  includesRoot,
  nicknameOf,
  readRoot,
  shownFingerprint,
} from "../../src/core/trust.ts";

const authority = await makeAuthority(new Date());
const another = await makeAuthority(new Date());

test("the root of an authority is known by its digests and its name", () => {
  const root = readRoot(authority.rootCertificate);
  assert.ok(root);
  const certificate = new X509Certificate(authority.rootCertificate);
  assert.deepEqual(root.der, certificate.raw);
  assert.equal(shownFingerprint(root), certificate.fingerprint256);
  assert.equal(root.sha1, certificate.fingerprint.replaceAll(":", "").toLowerCase());
  assert.match(root.commonName, /^Oneport root [\da-f]{8}$/);
});

test("its file name and its nickname begin the fingerprint", () => {
  const root = readRoot(authority.rootCertificate);
  assert.ok(root);
  assert.equal(fileNameOf(root), `oneport-${root.sha256.slice(0, 16)}.crt`);
  assert.equal(nicknameOf(root), `${root.commonName} (${root.sha256.slice(0, 16)})`);
});

test("what is no root of ours, or not just one, is not taken for it", async () => {
  const { chain } = await makeLeaf(authority, "shop.test", new Date());
  const damaged = new X509Certificate(authority.rootCertificate).raw;
  damaged.writeUInt8(damaged.readUInt8(damaged.length - 1) ^ 1, damaged.length - 1);
  const pemOf = (der: Buffer) =>
    `-----BEGIN CERTIFICATE-----\n${der.toString("base64")}\n-----END CERTIFICATE-----\n`;
  assert.ok(readRoot(pemOf(new X509Certificate(authority.rootCertificate).raw)));
  const notOurs = {
    "an issuer": authority.issuerCertificate,
    "a leaf with its issuer": chain,
    "two roots": authority.rootCertificate + another.rootCertificate,
    "a damaged root": pemOf(damaged),
    "no certificate": pemOf(Buffer.alloc(3)),
    nothing: "",
  };
  for (const [what, pem] of Object.entries(notOurs)) assert.equal(readRoot(pem), undefined, what);
});

test("certificates are found among other text, whatever ends its lines", () => {
  const bundle = `# one\n${authority.rootCertificate}# two\r\n${another.rootCertificate.replaceAll("\n", "\r\n")}`;
  const found = certificatesIn(bundle);
  const roots = [authority, another].map(({ rootCertificate }) => readRoot(rootCertificate));
  assert.deepEqual(
    found,
    roots.map((root) => root?.der),
  );
});

test("a root is among others by its digest", () => {
  const [one, two] = [authority, another].map(({ rootCertificate }) => readRoot(rootCertificate));
  assert.ok(one && two);
  assert.ok(includesRoot([two, { ...one, commonName: "" }], one));
  assert.ok(!includesRoot([two], one));
});

test("a line for the shell keeps each word whole", () => {
  const commands = [
    { program: "/usr/bin/install", arguments: ["--", "/home/o'neil/my $HOME/a.crt", "/etc/a.crt"] },
    { program: "/usr/sbin/update", arguments: [] },
  ];
  assert.equal(
    shellLine(commands, "sudo "),
    "sudo /usr/bin/install -- '/home/o'\\''neil/my $HOME/a.crt' /etc/a.crt && sudo /usr/sbin/update",
  );
});
