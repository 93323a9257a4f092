/** Oneport's roots in the trust stores, taken out; and those that Oneport cannot take out by itself. */
import { shellLine } from "../../core/command.ts";
import type { HeldRoot, StoredRoot, TrustStore } from "../../core/trust.ts";
import { untrustStep } from "../elevate.ts";
import { listStores, untrust } from "../trust.ts";
import { trustElsewhere } from "../trust-elsewhere.ts";
import { knownRoots } from "../trusted-roots.ts";
import { type CleanContext, elevated, type Leftover, type Removal } from "./leftover.ts";

export async function findTrust(context: CleanContext): Promise<readonly Leftover[]> {
  const { machine, stateDirectory } = context;
  const known = await knownRoots(stateDirectory);
  const found: Leftover[] = [];
  for (const store of await listStores(machine, known)) {
    const held = await mayHold(store, known);
    if (!held) continue;
    const what = `Trust in Oneport's authority: ${store.name}`;
    found.push({ what, place: store.place, remove: () => removeFrom(store, held, context) });
  }
  for (const root of known) {
    for (const { name, advice, command } of await trustElsewhere(machine, root, "remove")) {
      const removal: Removal = { how: "administrator", instructions: [advice, command] };
      found.push({ what: `Trust in Oneport's authority: ${name}`, place: name, remove: async () => removal });
    }
  }
  return found;
}

/** Does any store still have a root of Oneport's, for all one can know? */
export async function isTrustedSomewhere({ machine, stateDirectory }: CleanContext): Promise<boolean> {
  const known = await knownRoots(stateDirectory);
  const stores = await listStores(machine, known);
  return (await Promise.all(stores.map((store) => mayHold(store, known)))).some((held) => held !== undefined);
}

/** A store that cannot be read may hold what was ever trusted; nothing was, when nothing is known. */
async function mayHold(
  store: TrustStore,
  known: readonly StoredRoot[],
): Promise<readonly HeldRoot[] | undefined> {
  const held = await store.read();
  if (!held.ok) return known.length > 0 ? [] : undefined;
  return held.value.length > 0 ? held.value : undefined;
}

async function removeFrom(
  store: TrustStore,
  held: readonly HeldRoot[],
  context: CleanContext,
): Promise<Removal> {
  const { result } = await untrust(store, context.machine);
  switch (result.how) {
    case "done":
    case "unchanged":
      return { how: "removed" };
    case "failed":
      return { how: "failed", problem: result.problem };
    case "elevation": {
      const step = untrustStep(held.map(({ root }) => root));
      return elevated(context, step, [shellLine(result.commands, "sudo ")]);
    }
  }
}
