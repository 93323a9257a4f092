/**
 * The login keychain of macOS, which Safari, Chrome and, since version 120, Firefox read, by way of `security`. Written to
 * Apple's documentation of that program and not run on this system yet.
 */
import { posix } from "node:path";
import { fail, ok, type Problem, type Result } from "../core/errors.ts";
import { certificatesIn, type HeldRoot, type StoredRoot, type TrustStore } from "../core/trust.ts";
import type { Machine } from "./machine.ts";

const program = "/usr/bin/security";

/** The status of `find-certificate` when there is none: the last byte of errSecItemNotFound. */
const notFound = 44;

export class LoginKeychain implements TrustStore {
  readonly id = "keychain";
  readonly name = "Login keychain";
  readonly place: string;
  readonly needsElevation = false;
  readonly #machine: Machine;
  readonly #known: readonly StoredRoot[];

  constructor(machine: Machine, known: readonly StoredRoot[]) {
    this.place = posix.join(machine.home, "Library", "Keychains", "login.keychain-db");
    this.#machine = machine;
    this.#known = known;
  }

  /** A keychain keeps no name that would be a mark of ours: only roots that are known to be ours are looked for. */
  async read(): Promise<Result<readonly HeldRoot[]>> {
    const found = await this.#run("find-certificate", "-a", "-c", "Oneport root", "-p", this.place);
    if (!found.ok && found.error.status !== notFound) return fail(this.explain(found.error.said));
    const present = certificatesIn(found.ok ? found.value : "");
    const ours = this.#known.filter(({ der }) => present.some((each) => each.equals(der)));
    const held = ours.map(async (root) => {
      // -l: the certificate to verify is an authority's itself. -L: nothing is asked of the network.
      const verified = await this.#run("verify-cert", "-c", root.file, "-p", "basic", "-l", "-L");
      return { root, isTrusted: verified.ok, name: root.sha1.toUpperCase() };
    });
    return ok(await Promise.all(held));
  }

  /** For TLS and the chains it rests on, and for nothing else. The system asks the user for the password. */
  adding(root: StoredRoot) {
    const policies = ["-p", "ssl", "-p", "basic"];
    return [this.#command("add-trusted-cert", "-r", "trustRoot", ...policies, "-k", this.place, root.file)];
  }

  /** What is known has a file. Trust that is not there cannot be removed: `security` calls it a failure. */
  removing(held: readonly HeldRoot[]) {
    return held.flatMap(({ root, isTrusted, name }) => {
      const file = this.#known.find(({ sha256 }) => sha256 === root.sha256)?.file;
      const distrust = isTrusted && file !== undefined ? [this.#command("remove-trusted-cert", file)] : [];
      return [...distrust, this.#command("delete-certificate", "-Z", name, this.place)];
    });
  }

  explain(said: string): Problem {
    const remedy = /interaction|authorization|canceled/i.test(said)
      ? "Run the command again in a terminal on the Mac itself, and allow it in the dialog."
      : "Unlock the keychain and run the command again.";
    return { code: "store-unusable", message: `The login keychain was not changed: ${said}.`, remedy };
  }

  #command(...list: readonly string[]) {
    return { program, arguments: list };
  }

  #run(...list: readonly string[]) {
    return this.#machine.runner.run(this.#command(...list));
  }
}
