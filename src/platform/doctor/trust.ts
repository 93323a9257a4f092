/** Each trust store: whether it has today's authority, and whether it has an earlier one. */
import { type Finding, wrong } from "../../core/diagnosis.ts";
import { includesRoot, type StoredRoot, type TrustStore } from "../../core/trust.ts";
import { listStores } from "../trust.ts";
import { trustElsewhere } from "../trust-elsewhere.ts";
import { knownRoots, todaysRoot } from "../trusted-roots.ts";
import type { DoctorContext } from "./context.ts";

export async function checkTrust(context: DoctorContext): Promise<readonly Finding[]> {
  const { stateDirectory, machine, certificates } = context;
  const known = await knownRoots(stateDirectory);
  const today = await todaysRoot(stateDirectory);
  const stores = await listStores(machine, known);
  const findings = await Promise.all(stores.map((store) => checkStore(store, today)));
  const elsewhere = today ? await trustElsewhere(machine, today, "add") : [];
  const others = elsewhere.map(
    ({ name, advice, command }): Finding => ({
      check: "trust",
      subject: name,
      state: "note",
      message: `Oneport does not change it by itself. ${advice}`,
      remedy: command,
    }),
  );
  return certificates.mode === "selfSigned" ? [] : [...findings.flat(), ...others];
}

async function checkStore(store: TrustStore, today: StoredRoot | undefined): Promise<readonly Finding[]> {
  const held = await store.read();
  const about = { check: "trust", subject: `${store.name} (${store.place})` } as const;
  if (!held.ok) return [wrong("trust", held.error, about.subject)];
  const trusted = held.value.filter(({ isTrusted }) => isTrusted).map(({ root }) => root);
  const findings: Finding[] = [];
  if (today && includesRoot(trusted, today)) {
    findings.push({ ...about, state: "ok", message: "It trusts the authority." });
  } else if (today) {
    const message = "It does not trust the authority, so whatever reads it warns or refuses.";
    findings.push({ ...about, state: "wrong", message, remedy: 'Run "oneport ca trust".' });
  }
  if (trusted.some(({ sha256 }) => sha256 !== today?.sha256)) {
    const message = "It trusts an authority of Oneport's that is no longer in use.";
    const remedy = 'Run "oneport ca untrust", then "oneport ca trust".';
    findings.push({ ...about, state: "note", message, remedy });
  }
  return findings;
}
