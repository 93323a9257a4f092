/** `oneport ca path`: where the certificate of the local authority lies; it is made if need be. */
import { Certificates } from "../platform/certificates.ts";
import type { CommandOptions } from "./arguments.ts";
import { ownStateDirectory } from "./own-folders.ts";
import type { Terminal } from "./terminal.ts";

export async function caPath(_options: CommandOptions, terminal: Terminal): Promise<number> {
  const state = ownStateDirectory();
  const certificates = new Certificates(state, { mode: "authority", files: [] });
  terminal.print(await certificates.rootCertificateFile());
  return 0;
}
