/** Whether a certificate is one that everybody on a machine may be made to trust: a root of Oneport's, good for little. */
import { X509Certificate } from "node:crypto";
import { checkAddedName } from "./added-name.ts";
import { fail, ok, type Problem, type Result } from "./errors.ts";
import { isWithinAuthority } from "./local-names.ts";
import { permittedNames } from "./permitted-names.ts";
import { type Root, readRoot } from "./trust.ts";

const loopbackRanges: ReadonlySet<string> = new Set(["127.0.0.0/8", "::1/128"]);

/**
 * The root in a PEM text. Fails with `root-not-ours`, or with `root-unconstrained` when it is good for more than the local
 * names, the loopback addresses, and names that the user agreed to one by one.
 */
export async function readConstrainedRoot(pem: string, consented: readonly string[]): Promise<Result<Root>> {
  const root = readRoot(pem);
  // Bytes after the certificate would be trusted along with it.
  if (!root || !new X509Certificate(root.der).raw.equals(root.der)) return fail(notOurs);
  const permitted = await permittedNames(root.der).catch(() => undefined);
  if (!permitted) return fail(unconstrained("any name"));
  const isAgreed = (name: string) => consented.includes(name) && checkAddedName(name).ok;
  const wideName = permitted.names.find((name) => !isWithinAuthority(name) && !isAgreed(name));
  if (wideName !== undefined) return fail(unconstrained(wideName === "" ? "any name" : wideName));
  const wideAddress = permitted.addresses.find((address) => !loopbackRanges.has(address));
  return wideAddress === undefined ? ok(root) : fail(unconstrained(wideAddress));
}

const notOurs: Problem = {
  code: "root-not-ours",
  message: "That is not the certificate of an authority that Oneport made.",
  remedy: 'Make a new one: delete the folder that "oneport ca path" names, and run "oneport ca trust".',
};

function unconstrained(what: string): Problem {
  return {
    code: "root-unconstrained",
    message: `That authority could certify ${what}, so Oneport does not have it trusted.`,
    remedy: "Agree to that name, or delete the authority's folder to have a new one made.",
  };
}
