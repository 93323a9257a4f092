/** Certificates that vouch for themselves: for `oneport.certificates: "selfSigned"` and names no authority of ours may certify. */
import { type Leaf, leafLifetime } from "./authority.ts";
import { canonicalAddress } from "./domain.ts";

/** Makes a certificate for one name (a lower-case DNS name or an IP literal), signed by its own key. */
export async function makeSelfSigned(name: string, now: Date): Promise<Leaf> {
  const { generate } = await import("selfsigned");
  const { notBefore, notAfter } = leafLifetime(now);
  const address = canonicalAddress(name);
  // The subject is fixed, since `selfsigned` does not escape it. It knows neither AKI nor SKI.
  const made = await generate([{ name: "commonName", value: "Oneport self-signed" }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notBeforeDate: notBefore,
    notAfterDate: notAfter,
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: [address === undefined ? { type: 2, value: name } : { type: 7, ip: address }],
      },
    ],
  });
  return { chain: `${made.cert.trimEnd()}\n`, key: `${made.private.trimEnd()}\n` };
}
