/** Whose signature counts for the services behind: what Node trusts, what the system trusts, and our authority. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { getCACertificates } from "node:tls";

/** Certificates in PEM. Looked at anew at each call, since the authority may be made or replaced at any time. */
export function trustedCertificates(stateDirectory: string): string[] {
  const common = [...getCACertificates("default"), ...getCACertificates("system")];
  try {
    return [...common, readFileSync(join(stateDirectory, "ca", "root.crt"), "utf8")];
  } catch {
    // No authority has been made yet, so nobody can have a certificate of it.
    return common;
  }
}
