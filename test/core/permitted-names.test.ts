/** What authorities may certify, read back from their certificates. */
import "reflect-metadata";
import assert from "node:assert/strict";
import { webcrypto, X509Certificate } from "node:crypto";
import { test } from "node:test";
import { AsnConvert } from "@peculiar/asn1-schema";
import * as asn1 from "@peculiar/asn1-x509";
import { Extension, X509CertificateGenerator } from "@peculiar/x509";
import { makeAuthority } from "../../src/core/authority.ts";
import { constrainedNames } from "../../src/core/local-names.ts";
import { permittedNames } from "../../src/core/permitted-names.ts";

/** A certificate with these name constraints, or with none. */
async function certified(bases: readonly asn1.GeneralName[], isCritical = true): Promise<Buffer> {
  const subtrees = bases.map((base) => new asn1.GeneralSubtree({ base }));
  const constraints = new asn1.NameConstraints({ permittedSubtrees: new asn1.GeneralSubtrees(subtrees) });
  const value = AsnConvert.serialize(constraints);
  const extension = new Extension(asn1.id_ce_nameConstraints, isCritical, value);
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const extensions = bases.length > 0 ? [extension] : [];
  const certificate = await X509CertificateGenerator.createSelfSigned({ name: "CN=x", keys, extensions });
  return Buffer.from(certificate.rawData);
}

const name = new asn1.GeneralName({ dNSName: "test" });
const address = new asn1.GeneralName({ iPAddress: "127.0.0.0/8" });

test("the names and addresses of an authority are those of its certificate", async () => {
  const { rootCertificate, issuerCertificate } = await makeAuthority(new Date());
  for (const pem of [rootCertificate, issuerCertificate]) {
    assert.deepEqual(await permittedNames(new X509Certificate(pem).raw), {
      names: [...constrainedNames],
      addresses: ["127.0.0.0/8", "::1/128"],
    });
  }
});

test("an authority is not constrained unless names and addresses are, in a way that clients must heed", async () => {
  assert.deepEqual(await permittedNames(await certified([name, address])), {
    names: ["test"],
    addresses: ["127.0.0.0/8"],
  });
  assert.equal(await permittedNames(await certified([])), undefined);
  assert.equal(await permittedNames(await certified([name])), undefined);
  assert.equal(await permittedNames(await certified([address])), undefined);
  assert.equal(await permittedNames(await certified([name, address], false)), undefined);
});
