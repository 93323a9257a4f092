/** What the doctor is told before it looks. */
import type { Finding } from "../../core/diagnosis.ts";
import type { Settings } from "../../core/settings.ts";
import type { CertificateSettings } from "../certificates.ts";
import type { Machine } from "../machine.ts";

export interface DoctorContext {
  readonly settings: Settings;
  /** What is known to be wrong with the settings, and with the muxes that were looked for; told first. */
  readonly problems: readonly Finding[];
  readonly certificates: CertificateSettings;
  readonly stateDirectory: string;
  /** The one that runs for this user, if there is one. */
  readonly mux: { readonly port: number } | undefined;
  readonly machine: Machine;
}
