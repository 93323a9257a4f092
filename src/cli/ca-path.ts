/** `oneport ca path`: where the certificate of the local authority lies; it is made if need be. */
import { homedir } from "node:os";
import { Certificates } from "../platform/certificates.ts";
import { stateDirectory } from "../platform/state.ts";
import type { CommandOptions } from "./arguments.ts";
import type { Terminal } from "./terminal.ts";

export async function caPath(_options: CommandOptions, terminal: Terminal): Promise<number> {
  const state = stateDirectory(process.env, process.platform, homedir());
  const certificates = new Certificates(state, { mode: "authority", files: [] });
  terminal.print(await certificates.rootCertificateFile());
  return 0;
}
