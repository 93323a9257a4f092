/** `oneport ca trust`: puts the authority's root into every trust store of this machine that can be found. */
import { OneportError } from "../core/errors.ts";
import { type PermittedNames, permittedNames } from "../core/permitted-names.ts";
import { type StoredRoot, shownFingerprint, type TrustStore } from "../core/trust.ts";
import { Certificates } from "../platform/certificates.ts";
import { trustStep } from "../platform/elevate.ts";
import { thisMachine } from "../platform/machine.ts";
import { listStores, type StoreReport, trust } from "../platform/trust.ts";
import { trustElsewhere } from "../platform/trust-elsewhere.ts";
import { knownRoots, rememberRoot } from "../platform/trusted-roots.ts";
import type { CommandOptions } from "./arguments.ts";
import { allowNames, untrustEarlier } from "./ca-allow.ts";
import { ownStateDirectory } from "./own-folders.ts";
import type { Terminal } from "./terminal.ts";
import { elevateLeft } from "./trust-elevated.ts";
import { printJson, printReport, type ResultWords, statusOf } from "./trust-report.ts";

const words: ResultWords = {
  done: "trusted now",
  unchanged: "trusted already",
  elevation: "needs an administrator",
  failed: "failed",
};

/** Whoever types this agrees to it; what is agreed to is told first. */
export async function caTrust(options: CommandOptions, terminal: Terminal): Promise<number> {
  const state = ownStateDirectory();
  const { allow, json } = options;
  if (allow.length > 0) await allowNames(allow, state, terminal, json);
  const certificates = new Certificates(state, { mode: "authority", files: [] });
  const file = await certificates.rootCertificateFile();
  const root = await rememberRoot(state, file);
  const permitted = await printAuthority(terminal, file, root, json);

  const machine = thisMachine();
  const stores = await listStores(machine, await knownRoots(state));
  const first: StoreReport[] = [];
  // One after the other: the system's store fills Java's, and two dialogs at once would confuse.
  for (const store of stores) first.push(await trust(store, root, machine));
  const step = async () => trustStep(root, permitted.names);
  const again = (store: TrustStore) => trust(store, root, machine);
  const reports = json ? first : await elevateLeft(first, step, again, terminal);
  const elsewhere = await trustElsewhere(machine, root, "add");
  if (options.json) printJson(terminal, reports, elsewhere);
  else printReport(terminal, reports, elsewhere, words);
  const left = allow.length > 0 ? await untrustEarlier(root, state, machine, terminal, json) : 0;
  if (reports.length > 0) return Math.max(statusOf(reports), left);
  throw new OneportError({
    code: "no-trust-store",
    message: "No trust store that Oneport knows was found on this system.",
    remedy: `Add ${root.file} to the system's certificates in the way of its own.`,
  });
}

async function printAuthority(
  terminal: Terminal,
  file: string,
  root: StoredRoot,
  asJson: boolean,
): Promise<PermittedNames> {
  const permitted = await permittedNames(root.der);
  if (!permitted) {
    throw new OneportError({
      code: "root-unconstrained",
      message: `The authority in ${file} could certify any name, so Oneport does not have it trusted.`,
      remedy: "Delete its folder and run the command again, which makes a new authority.",
    });
  }
  const sha256 = shownFingerprint(root);
  const { names, addresses } = permitted;
  if (asJson) {
    terminal.print(JSON.stringify({ type: "authority", file, sha256, names, addresses }));
    return permitted;
  }
  terminal.print(`Certificate  ${file}`);
  terminal.print(`SHA-256      ${sha256}`);
  terminal.print(
    `It is good for ${names.join(", ")} and names under these, for ${addresses.join(", ")}, and for nothing else.\n`,
  );
  return permitted;
}
