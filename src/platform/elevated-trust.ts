/** The trust stores of a system, as root changes them for others: Linux's own, and Java's where Debian fills it. */
import { X509Certificate } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConstrainedRoot } from "../core/constrained-root.ts";
import { fail, ok, type Problem, type Result } from "../core/errors.ts";
import {
  fileNameOf,
  includesRoot,
  type Root,
  readRoot,
  type StoredRoot,
  type TrustStore,
} from "../core/trust.ts";
import { findDebianJavaStore } from "./debian-java-store.ts";
import { findSystemStore } from "./linux-system-store.ts";
import type { Machine } from "./machine.ts";
import { type StoreReport, trust, untrust } from "./trust.ts";

/** Fails, besides, as `readConstrainedRoot` does. */
export async function trustForAll(
  certificate: string,
  consented: readonly string[],
  machine: Machine,
): Promise<Result<void>> {
  const read = await readConstrainedRoot(certificate, consented);
  if (!read.ok) return read;
  return inStores([read.value], (store, [root]) => root && trust(store, root, machine));
}

/** Takes these roots out and no other ones: they are what the user was shown. */
export async function untrustForAll(
  certificates: readonly string[],
  machine: Machine,
): Promise<Result<void>> {
  const roots = certificates.map(readRoot).filter((root) => root !== undefined);
  return inStores(roots, (store) => untrust(narrowed(store, roots), machine));
}

/** Up to the first store that cannot be changed. */
async function inStores(
  roots: readonly Root[],
  change: (store: TrustStore, roots: readonly StoredRoot[]) => Promise<StoreReport> | undefined,
): Promise<Result<void>> {
  // Root's own copies: files of a user could be other ones by the time they are read.
  const folder = await mkdtemp(join(tmpdir(), "oneport-roots-"));
  try {
    const stored = await Promise.all(roots.map((root) => storeIn(folder, root)));
    const system = await findSystemStore(stored);
    if (!system) return fail(noStore);
    const java = await findDebianJavaStore(system, stored);
    for (const store of java ? [system, java] : [system]) {
      const report = await change(store, stored);
      if (report?.result.how === "failed") return fail(report.result.problem);
    }
    return ok(undefined);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Written from the certificate itself: the text that held it may have held more. */
async function storeIn(folder: string, root: Root): Promise<StoredRoot> {
  const file = join(folder, fileNameOf(root));
  await writeFile(file, new X509Certificate(root.der).toString());
  return { ...root, file };
}

function narrowed(store: TrustStore, roots: readonly Root[]): TrustStore {
  const { id, name, place, needsElevation } = store;
  return {
    ...{ id, name, place, needsElevation },
    read: async () => {
      const held = await store.read();
      return held.ok ? ok(held.value.filter(({ root }) => includesRoot(roots, root))) : held;
    },
    adding: (root) => store.adding(root),
    removing: (held) => store.removing(held),
    explain: (said) => store.explain(said),
  };
}

const noStore: Problem = {
  code: "no-trust-store",
  message: "No trust store that Oneport knows was found on this system.",
  remedy: "Add the certificate to the system's in the way of its own.",
};
