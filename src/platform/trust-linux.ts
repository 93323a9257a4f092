/** The trust stores of a Linux system: its own, and those of the user's browsers. */
import type { StoredRoot, TrustStore } from "../core/trust.ts";
import { findDebianJavaStore } from "./debian-java-store.ts";
import { findSystemStore } from "./linux-system-store.ts";
import type { Machine } from "./machine.ts";
import { type Certutil, NssStore } from "./nss.ts";
import { chromiumDatabases, firefoxDatabases } from "./nss-databases.ts";

/** The system's comes first: on Debian it fills Java's. */
export async function linuxStores(
  machine: Machine,
  known: readonly StoredRoot[],
): Promise<readonly TrustStore[]> {
  const system = await findSystemStore(known);
  const java = system && (await findDebianJavaStore(system, known));
  const certutil = await findCertutil(machine);
  const databases = [...(await chromiumDatabases(machine)), ...(await firefoxDatabases(machine))];
  const browsers = databases.map((database) => new NssStore(database, certutil, known, machine.runner));
  return [system, java, ...browsers].filter((store) => store !== undefined);
}

const packages = [
  ["apt-get", 'Run "sudo apt-get install libnss3-tools"'],
  ["dnf", 'Run "sudo dnf install nss-tools"'],
  ["pacman", 'Run "sudo pacman -S nss"'],
] as const;

async function findCertutil({ runner }: Machine): Promise<Certutil> {
  const path = await runner.find("certutil");
  for (const [manager, howToInstall] of packages) {
    if (await runner.find(manager)) return { path, howToInstall };
  }
  return { path, howToInstall: "Install it (the package is called libnss3-tools, nss-tools or nss)" };
}
