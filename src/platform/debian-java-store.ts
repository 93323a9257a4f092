/** The store of Debian's Java packages. The system's own program adds to it what it adds to the system, but takes nothing out. */
import { readFile } from "node:fs/promises";
import type { Command } from "../core/command.ts";
import { fail, ok, type Problem, type Result, shortReason } from "../core/errors.ts";
import {
  fileNameOf,
  type HeldRoot,
  includesRoot,
  type Root,
  type StoredRoot,
  type TrustStore,
} from "../core/trust.ts";
import { exists } from "./exists.ts";
import type { LinuxSystemStore } from "./linux-system-store.ts";

const keystore = "/etc/ssl/certs/java/cacerts";
const keytool = "/usr/bin/keytool";

/** Undefined where there is no Java of Debian's. To be called before anything is taken out of the system's store. */
export async function findDebianJavaStore(
  system: LinuxSystemStore,
  known: readonly Root[],
): Promise<TrustStore | undefined> {
  if (!(await exists(keystore)) || !(await exists(keytool))) return undefined;
  // Roots that nobody remembers are known by their files in the system's store alone.
  const held = await system.read();
  const inSystem = held.ok ? held.value.map(({ root }) => root) : [];
  return new DebianJavaStore(system, [...known, ...inSystem.filter((root) => !includesRoot(known, root))]);
}

class DebianJavaStore implements TrustStore {
  readonly id = "java";
  readonly name = "Java";
  readonly place = keystore;
  readonly needsElevation = true;
  readonly #system: LinuxSystemStore;
  readonly #known: readonly Root[];

  constructor(system: LinuxSystemStore, known: readonly Root[]) {
    this.#system = system;
    this.#known = known;
  }

  /** Debian keeps it in the JKS format, in which certificates lie as they are: no Java has to be started to find one. */
  async read(): Promise<Result<readonly HeldRoot[]>> {
    try {
      const content = await readFile(this.place);
      const held = this.#known.filter(({ der }) => content.includes(der));
      return ok(held.map((root) => ({ root, isTrusted: true, name: aliasOf(root) })));
    } catch (error) {
      return fail(this.explain(`it cannot be read (${shortReason(error)})`));
    }
  }

  adding(root: StoredRoot) {
    return this.#system.adding(root);
  }

  removing(held: readonly HeldRoot[]): readonly Command[] {
    // This password is Debian's, and guards nothing.
    const store = ["-keystore", this.place, "-storepass", "changeit"];
    return held.map(({ name }) => ({
      program: keytool,
      arguments: ["-delete", ...store, "-alias", name],
    }));
  }

  explain(said: string): Problem {
    const message = `Java's certificates in ${this.place} could not be changed: ${said}.`;
    return { code: "store-unusable", message, remedy: `Use "${keytool}" as an administrator.` };
  }
}

/** Debian calls a certificate by the name of its link in /etc/ssl/certs. */
function aliasOf(root: Root): string {
  return `debian:${fileNameOf(root).replace(/crt$/, "pem")}`;
}
