/** What an authority may certify at all, read from its certificate. */

export interface PermittedNames {
  /** DNS names; each stands for itself and everything under it. */
  readonly names: readonly string[];
  /** Address ranges in CIDR form. */
  readonly addresses: readonly string[];
}

/**
 * RFC 5280 §4.2.1.10: the permitted subtrees of a certificate in DER form. Undefined when anything may be
 * certified: without the extension, when clients may pass over it, when it leaves names or addresses open, or when a range of
 * addresses has a mask that no prefix stands for.
 */
export async function permittedNames(der: Buffer): Promise<PermittedNames | undefined> {
  const asn1 = await import("@peculiar/asn1-x509");
  const { AsnConvert } = await import("@peculiar/asn1-schema");
  const { extensions } = AsnConvert.parse(der, asn1.Certificate).tbsCertificate;
  const extension = extensions?.find(({ extnID }) => extnID === asn1.id_ce_nameConstraints);
  if (!extension?.critical) return undefined;
  const constraints = AsnConvert.parse(extension.extnValue, asn1.NameConstraints);
  // The parser counts a mask's bits wherever they stand; only a prefix is written again as it was.
  const written = Buffer.from(AsnConvert.serialize(constraints));
  if (!written.equals(Buffer.from(extension.extnValue.buffer))) return undefined;
  const bases = [...(constraints.permittedSubtrees ?? [])].map(({ base }) => base);
  const names = bases.flatMap(({ dNSName }) => dNSName ?? []);
  const addresses = bases.flatMap(({ iPAddress }) => iPAddress ?? []);
  return names.length > 0 && addresses.length > 0 ? { names, addresses } : undefined;
}
