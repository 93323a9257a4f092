/** The file of certificates that Node programs in a terminal trust beside their own: the user's, and our authority. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { systemCode } from "../core/errors.ts";
import { readRoot } from "../core/trust.ts";
import { rootFileIn, writePrivateFile } from "./state.ts";

/** Between the user's certificates and ours. Outside of the PEM blocks any text may stand. */
const border = "Oneport's authority:";

/**
 * The path of a file with what `extra` (the user's own NODE_EXTRA_CA_CERTS) holds, and the root of the authority. It is made, or
 * made again where one of them has changed; undefined while there is no authority. Rejects with a OneportError when the
 * state directory cannot be written.
 */
export async function terminalAuthority(
  stateDirectory: string,
  extra: string | undefined,
): Promise<string | undefined> {
  const root = await textOf(rootFileIn(stateDirectory));
  if (root === undefined || !readRoot(root)) return undefined;
  const file = join(stateDirectory, "terminal-ca.pem");
  // A program that cannot read its extra certificates goes on without them, and so do we.
  const users = extra ? ((await textOf(extra)) ?? "") : "";
  // VS Code itself may have been begun in such a terminal.
  const [usersOwn = ""] = users.split(border);
  const bundle = `${usersOwn.trimEnd()}\n\n${border}\n${root}`.trimStart();
  if ((await textOf(file)) !== bundle) await writePrivateFile(file, bundle);
  return file;
}

/** Undefined when it cannot be read. */
async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}
