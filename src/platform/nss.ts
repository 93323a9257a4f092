/** A certificate database of NSS, Mozilla's library, as Firefox and the Chromium family on Linux keep them; by way of `certutil`. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { fail, ok, type Problem, type Result, systemCode } from "../core/errors.ts";
import {
  type HeldRoot,
  includesRoot,
  nicknameOf,
  type Root,
  readRoot,
  type StoredRoot,
  type TrustStore,
} from "../core/trust.ts";
import type { Runner } from "./run.ts";

export interface NssDatabase {
  readonly id: string;
  readonly name: string;
  readonly folder: string;
}

/** The program that changes such databases, and the sentence that says how to get it. */
export interface Certutil {
  readonly path: string | undefined;
  readonly howToInstall: string;
}

/** NSS says so when a primary password protects the database. */
const passwordWanted = /SEC_ERROR_BAD_PASSWORD|SEC_ERROR_TOKEN_NOT_LOGGED_IN|password/i;

export class NssStore implements TrustStore {
  readonly id: string;
  readonly name: string;
  readonly place: string;
  readonly needsElevation = false;
  readonly #certutil: Certutil;
  readonly #known: readonly Root[];
  readonly #runner: Runner;

  constructor(database: NssDatabase, certutil: Certutil, known: readonly Root[], runner: Runner) {
    this.id = database.id;
    this.name = database.name;
    this.place = database.folder;
    this.#certutil = certutil;
    this.#known = known;
    this.#runner = runner;
  }

  async read(): Promise<Result<readonly HeldRoot[]>> {
    const unreadable = await access(join(this.place, "cert9.db")).then(() => undefined, systemCode);
    if (unreadable === "ENOENT") return ok([]);
    if (unreadable !== undefined) return fail(this.explain(`it cannot be read (${unreadable})`));
    const listed = await this.#run("-L");
    if (!listed.ok) return listed;
    const held: HeldRoot[] = [];
    for (const { nickname, isTrusted } of parseList(listed.value)) {
      const exported = await this.#run("-L", "-n", nickname, "-a");
      if (!exported.ok) return exported;
      const root = readRoot(exported.value);
      if (root && this.#isOurs(root, nickname)) held.push({ root, isTrusted, name: nickname });
    }
    return ok(held);
  }

  /** certutil makes a database where there is none. Where the root lies under another nickname, that is kept. */
  adding(root: StoredRoot) {
    const folder = { program: "mkdir", arguments: ["-p", "-m", "0700", "--", this.place] };
    // C: a trusted issuer of servers' certificates; of nothing else.
    return [folder, this.#command("-A", "-t", "C,,", "-n", nicknameOf(root), "-i", root.file)];
  }

  removing(held: readonly HeldRoot[]) {
    return held.map(({ name }) => this.#command("-D", "-n", name));
  }

  explain(said: string): Problem {
    if (this.#certutil.path === undefined) {
      return {
        code: "certutil-missing",
        message: 'The program "certutil", which changes the certificates of browsers, is not installed.',
        remedy: `${this.#certutil.howToInstall} and run the command again.`,
      };
    }
    if (passwordWanted.test(said)) {
      return {
        code: "store-password",
        message: "A primary password protects these certificates.",
        remedy: "Do it in the browser's settings: View Certificates, Authorities.",
      };
    }
    const message = `certutil could not use ${this.place}: ${said}.`;
    return { code: "store-unusable", message, remedy: "Close the browser and run the command again." };
  }

  #isOurs(root: Root, nickname: string): boolean {
    return nickname === nicknameOf(root) || includesRoot(this.#known, root);
  }

  /** With an empty password: without this, certutil would ask for one on the terminal. */
  #command(...list: readonly string[]) {
    const { path = "certutil" } = this.#certutil;
    return { program: path, arguments: [...list, "-d", `sql:${this.place}`, "-f", "/dev/null"] };
  }

  async #run(...list: readonly string[]): Promise<Result<string>> {
    const ran = await this.#runner.run(this.#command(...list));
    return ran.ok ? ran : fail(this.explain(ran.error.said));
  }
}

/** Those lines of `certutil -L` that can be ours: a nickname in which browsers, too, keep the common name, and three sets of flags. */
function parseList(output: string) {
  return output.split("\n").flatMap((line) => {
    const [, nickname, server] = /^(.*\S)\s+([a-zA-Z]*),[a-zA-Z]*,[a-zA-Z]*\s*$/.exec(line) ?? [];
    if (!nickname?.includes("Oneport root") || server === undefined) return [];
    return [{ nickname, isTrusted: server.includes("C") }];
  });
}
