/** The store that a Linux system keeps for OpenSSL, GnuTLS and whatever else reads its bundle: a folder and a program. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "../core/command.ts";
import { fail, ok, type Problem, type Result, shortReason } from "../core/errors.ts";
import {
  certificatesIn,
  fileNameOf,
  type HeldRoot,
  includesRoot,
  type Root,
  readRoot,
  type StoredRoot,
  type TrustStore,
} from "../core/trust.ts";
import { exists } from "./exists.ts";

/** How a family of distributions does it. */
export interface SystemStoreKind {
  /** Administrators put their own certificates here. */
  readonly folder: string;
  /** Makes the bundle anew, and hands on what has changed. A whole path: PATH may lead to anybody's programs. */
  readonly program: string;
  readonly arguments: readonly string[];
  /** All certificates that programs trust, in PEM form. */
  readonly bundle: string;
}

/**
 * Debian and Alpine, Fedora and its kin, Arch. Debian's program leaves dead links behind, and may not tell Java's store of a file,
 * unless it is told to begin afresh.
 */
const systemStoreKinds: readonly SystemStoreKind[] = [
  {
    folder: "/usr/local/share/ca-certificates",
    program: "/usr/sbin/update-ca-certificates",
    arguments: ["--fresh"],
    bundle: "/etc/ssl/certs/ca-certificates.crt",
  },
  {
    folder: "/etc/pki/ca-trust/source/anchors",
    program: "/usr/bin/update-ca-trust",
    arguments: [],
    bundle: "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  },
  {
    folder: "/etc/ca-certificates/trust-source/anchors",
    program: "/usr/bin/update-ca-trust",
    arguments: [],
    bundle: "/etc/ca-certificates/extracted/tls-ca-bundle.pem",
  },
];

/** The first kind whose folder and program are there; undefined on a system that does it in another way. */
export async function findSystemStore(
  known: readonly StoredRoot[],
  kinds = systemStoreKinds,
): Promise<LinuxSystemStore | undefined> {
  for (const kind of kinds) {
    if ((await exists(kind.folder)) && (await exists(kind.program))) return new LinuxSystemStore(kind, known);
  }
  return undefined;
}

export class LinuxSystemStore implements TrustStore {
  readonly id = "system";
  readonly name = "System";
  readonly place: string;
  readonly needsElevation = true;
  readonly #kind: SystemStoreKind;
  readonly #known: readonly StoredRoot[];

  constructor(kind: SystemStoreKind, known: readonly StoredRoot[]) {
    this.place = kind.folder;
    this.#kind = kind;
    this.#known = known;
  }

  /** Those in the folder, and those known to be ours in the bundle: being there is what trust means here. */
  async read(): Promise<Result<readonly HeldRoot[]>> {
    try {
      const bundle = certificatesIn(await readFile(this.#kind.bundle, "utf8"));
      const isTrusted = ({ der }: Root) => bundle.some((each) => each.equals(der));
      const files = await this.#ourFiles();
      const held = files.map(({ file, ...root }) => ({ root, name: file, isTrusted: isTrusted(root) }));
      const leftBehind = this.#known.filter((root) => isTrusted(root) && !includesRoot(files, root));
      return ok([
        ...held,
        ...leftBehind.map((root) => ({ root, name: this.#pathOf(root), isTrusted: true })),
      ]);
    } catch (error) {
      return fail(this.explain(`it cannot be read (${shortReason(error)})`));
    }
  }

  adding(root: StoredRoot) {
    return [
      { program: "/usr/bin/install", arguments: ["-m", "0644", "--", root.file, this.#pathOf(root)] },
      this.#update(),
    ];
  }

  removing(held: readonly HeldRoot[]): readonly Command[] {
    return [{ program: "/bin/rm", arguments: ["-f", "--", ...held.map(({ name }) => name)] }, this.#update()];
  }

  explain(said: string): Problem {
    const message = `The certificates in ${this.place} could not be brought into use: ${said}.`;
    return {
      code: "store-unusable",
      message,
      remedy: `See what "${this.#kind.program}" says when an administrator runs it.`,
    };
  }

  async #ourFiles(): Promise<readonly StoredRoot[]> {
    const names = (await readdir(this.place)).filter((name) => /\.(crt|pem)$/.test(name));
    const roots = names.map(async (name) => {
      const file = join(this.place, name);
      // A link to nowhere, or a folder of that name, holds no certificate.
      const root = readRoot(await readFile(file, "utf8").catch(() => ""));
      const isOurs = root && (name === fileNameOf(root) || includesRoot(this.#known, root));
      return isOurs ? [{ ...root, file }] : [];
    });
    return (await Promise.all(roots)).flat();
  }

  #update(): Command {
    const { program, arguments: list } = this.#kind;
    return { program, arguments: list };
  }

  #pathOf(root: Root): string {
    return join(this.place, fileNameOf(root));
  }
}
