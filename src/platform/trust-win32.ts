/**
 * The user's root store of Windows, which Edge, Chrome and, since version 120, Firefox read, by way of the system's own `certutil`.
 * Written to Microsoft's documentation of that program and not run on this system yet.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fail, ok, type Problem, type Result } from "../core/errors.ts";
import type { HeldRoot, Root, StoredRoot, TrustStore } from "../core/trust.ts";
import { type Machine, windowsProgram } from "./machine.ts";

/** NTE_NOT_FOUND and CRYPT_E_NOT_FOUND: numbers, since words depend on the system's language. */
const notFound = /0x80090011|0x80092004/;
/** ERROR_CANCELLED. */
const declined = /0x800704c7/;

export class WindowsUserStore implements TrustStore {
  readonly id = "windows-user";
  readonly name = "Windows (this user)";
  readonly place = "CurrentUser\\Root";
  readonly needsElevation = false;
  /** NSS has a program of the same name. */
  readonly #program: string;
  readonly #machine: Machine;
  readonly #known: readonly StoredRoot[];

  constructor(machine: Machine, known: readonly StoredRoot[]) {
    this.#program = windowsProgram("certutil.exe", machine);
    this.#machine = machine;
    this.#known = known;
  }

  async read(): Promise<Result<readonly HeldRoot[]>> {
    const folder = await mkdtemp(join(tmpdir(), "oneport-trust-"));
    try {
      const held: HeldRoot[] = [];
      for (const root of this.#known) {
        const isHeld = await this.#holds(root, join(folder, `${root.sha1}.crt`));
        if (!isHeld.ok) return isHeld;
        if (isHeld.value) held.push({ root, isTrusted: true, name: root.sha1 });
      }
      return ok(held);
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  /** Windows asks the user whether to go on. */
  adding(root: StoredRoot) {
    return [this.#command("-addstore", "Root", root.file)];
  }

  /** As `adding`. */
  removing(held: readonly HeldRoot[]) {
    return held.map(({ name }) => this.#command("-delstore", "Root", name));
  }

  explain(said: string): Problem {
    const remedy = declined.test(said)
      ? "Run the command again, and answer the question of Windows with Yes."
      : 'Look at "certmgr.msc", Trusted Root Certification Authorities.';
    return {
      code: "store-unusable",
      message: `The certificates of Windows were not changed: ${said}.`,
      remedy,
    };
  }

  /** The store gives the certificate out as a file, and that is compared. */
  async #holds({ sha1, der }: Root, file: string): Promise<Result<boolean>> {
    const { runner } = this.#machine;
    const exported = await runner.run(this.#command("-store", "Root", sha1, file));
    if (exported.ok) return ok((await readFile(file)).equals(der));
    return notFound.test(exported.error.said) ? ok(false) : fail(this.explain(exported.error.said));
  }

  #command(...list: readonly string[]) {
    return { program: this.#program, arguments: ["-user", ...list] };
  }
}
