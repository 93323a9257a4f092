/** The stores that Oneport does not change by itself, each with the command that does it. */
import { readFile, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { shellLine } from "../core/command.ts";
import { fileNameOf, type StoredRoot } from "../core/trust.ts";
import type { Machine } from "./machine.ts";

export interface Elsewhere {
  readonly name: string;
  readonly advice: string;
  /** To paste into a shell. */
  readonly command: string;
}

/** What is left for the user to do by hand so that the root is trusted; or, to remove it, is trusted no more. */
export async function trustElsewhere(
  machine: Machine,
  root: StoredRoot,
  change: "add" | "remove",
): Promise<readonly Elsewhere[]> {
  const windows = machine.environment.WSL_DISTRO_NAME ? windowsOfWsl(root, change) : undefined;
  const found = [await otherJava(machine, root, change), windows];
  return found.filter((each) => each !== undefined);
}

/** A Java that the user installed. Those of distributions take their certificates from under /etc. */
async function otherJava(
  { environment, runner, platform }: Machine,
  root: StoredRoot,
  change: "add" | "remove",
): Promise<Elsewhere | undefined> {
  const named = environment.JAVA_HOME && join(environment.JAVA_HOME, "bin", "keytool");
  const keytool = named || (await runner.find("keytool"));
  if (keytool === undefined || platform === "win32") return undefined;
  const home = await realpath(keytool).then((path) => dirname(dirname(path)), noFile);
  const keystore = home && (await realpath(join(home, "lib", "security", "cacerts")).catch(noFile));
  if (!home || !keystore || keystore.startsWith("/etc/")) return undefined;
  const content = await readFile(keystore);
  const isIn = content.includes(root.der);
  // What begins like this is PKCS #12, in which certificates may lie encrypted.
  const mayBeIn = isIn || content[0] === 0x30;
  if (change === "add" ? isIn : !mayBeIn) return undefined;

  const common = ["-cacerts", "-storepass", "changeit", "-noprompt", "-alias", fileNameOf(root)];
  const list = change === "add" ? ["-importcert", ...common, "-file", root.file] : ["-delete", ...common];
  const command = shellLine([{ program: join(home, "bin", "keytool"), arguments: list }]);
  const advice = `The Java in ${home} keeps certificates of its own. Where it belongs to root, put sudo before this:`;
  return { name: "Java", advice, command };
}

/** Under WSL, browsers mostly run on the other side. */
function windowsOfWsl({ file, sha1 }: StoredRoot, change: "add" | "remove"): Elsewhere {
  const path = shellLine([{ program: "wslpath", arguments: ["-w", file] }]);
  const command =
    change === "add"
      ? `certutil.exe -user -addstore Root "$(${path})"`
      : `certutil.exe -user -delstore Root ${sha1}`;
  return { name: "Windows", advice: "Browsers on the Windows side of WSL have their own store:", command };
}

function noFile(): undefined {}
