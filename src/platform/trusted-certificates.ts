/** Whose signature counts for the services behind: what Node trusts, what the system trusts, and our authority. */
import { readFileSync } from "node:fs";
import { getCACertificates } from "node:tls";
import { rootFileIn } from "./state.ts";

/** Certificates in PEM. Looked at anew at each call, since the authority may be made or replaced at any time. */
export function trustedCertificates(stateDirectory: string): string[] {
  const common = [...getCACertificates("default"), ...getCACertificates("system")];
  try {
    return [...common, readFileSync(rootFileIn(stateDirectory), "utf8")];
  } catch {
    // No authority has been made yet, so nobody can have a certificate of it.
    return common;
  }
}
