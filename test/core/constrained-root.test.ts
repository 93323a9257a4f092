/** Which certificates may be trusted by a whole system, with roots that differ from ours in one thing each. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { makeAuthority } from "../../src/core/authority.ts";
import { readConstrainedRoot } from "../../src/core/constrained-root.ts";
import { run } from "../e2e/program.ts";

/** A root as OpenSSL makes it, with our name unless told otherwise. */
async function opensslRoot(extensions: readonly string[], name = "/CN=Oneport root 0a1b2c3d/O=Oneport") {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null"];
  const added = extensions.flatMap((each) => ["-addext", each]);
  const list = ["req", "-x509", ...key, "-subj", name, ...added];
  const { status, output, errors } = await run("openssl", list, { PATH: process.env.PATH });
  assert.equal(status, 0, errors);
  return output;
}

const addresses =
  "permitted;IP:127.0.0.0/255.0.0.0,permitted;IP:0:0:0:0:0:0:0:1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
const constraints = (names: string) => `nameConstraints=critical,${names},${addresses}`;

async function codeOf(pem: string, consented: readonly string[] = []) {
  const read = await readConstrainedRoot(pem, consented);
  return read.ok ? "ok" : read.error.code;
}

test("a root that is good for local names and loopback addresses alone is accepted", async () => {
  const { rootCertificate } = await makeAuthority(new Date());
  const read = await readConstrainedRoot(rootCertificate, []);
  assert.ok(read.ok);
  assert.deepEqual(read.value.der, new X509Certificate(rootCertificate).raw);
  assert.equal(await codeOf(await opensslRoot([constraints("permitted;DNS:test")])), "ok");
});

test("a name of the Internet must have been agreed to, and must not be shared by many", async () => {
  const { rootCertificate } = await makeAuthority(new Date(), ["shop.example.com"]);
  assert.equal(await codeOf(rootCertificate), "root-unconstrained");
  assert.equal(await codeOf(rootCertificate, ["example.com"]), "root-unconstrained");
  assert.equal(await codeOf(rootCertificate, ["shop.example.com"]), "ok");
  for (const name of ["com", "co.uk"]) {
    assert.equal(
      await codeOf((await makeAuthority(new Date(), [name])).rootCertificate, [name]),
      "root-unconstrained",
    );
  }
});

test("a root without constraints, or with ones that leave something open, is refused", async () => {
  const open = {
    none: [],
    "not critical": [`nameConstraints=permitted;DNS:test,${addresses}`],
    "no addresses": ["nameConstraints=critical,permitted;DNS:test"],
    "no names": [`nameConstraints=critical,${addresses}`],
    "every address": ["nameConstraints=critical,permitted;DNS:test,permitted;IP:0.0.0.0/0.0.0.0"],
    "addresses that share some bits with 127.0.0.0": [
      "nameConstraints=critical,permitted;DNS:test,permitted;IP:127.0.0.0/0.254.128.0",
    ],
    "some other network": ["nameConstraints=critical,permitted;DNS:test,permitted;IP:10.0.0.0/255.0.0.0"],
    "all but one name": [`nameConstraints=critical,excluded;DNS:bank.com,${addresses}`],
  };
  for (const [what, extensions] of Object.entries(open)) {
    assert.equal(await codeOf(await opensslRoot(extensions)), "root-unconstrained", what);
  }
  // The empty name stands for all names.
  const everyName = await makeAuthority(new Date(), [""]);
  assert.equal(await codeOf(everyName.rootCertificate, [""]), "root-unconstrained");
});

test("a root of somebody else, an issuer, a bundle and no certificate at all are refused", async () => {
  const { rootCertificate, issuerCertificate } = await makeAuthority(new Date());
  const stranger = await opensslRoot([constraints("permitted;DNS:test")], "/CN=Oneport root/O=Oneport");
  const others = [stranger, issuerCertificate, rootCertificate + issuerCertificate, "", "no certificate"];
  for (const pem of others) assert.equal(await codeOf(pem), "root-not-ours");
});

test("bytes behind the certificate are refused", async () => {
  const { rootCertificate } = await makeAuthority(new Date());
  const longer = Buffer.concat([new X509Certificate(rootCertificate).raw, Buffer.from("more")]);
  const pem = `-----BEGIN CERTIFICATE-----\n${longer.toString("base64")}\n-----END CERTIFICATE-----\n`;
  assert.equal(await codeOf(pem), "root-not-ours");
});
