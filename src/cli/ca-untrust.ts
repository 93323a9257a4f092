/** `oneport ca untrust`: takes every root of Oneport's, of today's authority and of earlier ones, out of all trust stores. */
import type { TrustStore } from "../core/trust.ts";
import { thisMachine } from "../platform/machine.ts";
import { listStores, type StoreReport, untrust } from "../platform/trust.ts";
import { trustElsewhere } from "../platform/trust-elsewhere.ts";
import { forgetRoots, knownRoots, rememberedRoots } from "../platform/trusted-roots.ts";
import type { CommandOptions } from "./arguments.ts";
import { ownStateDirectory } from "./own-folders.ts";
import type { Terminal } from "./terminal.ts";
import { elevateLeft, stepToUntrust } from "./trust-elevated.ts";
import { printJson, printReport, type ResultWords, statusOf } from "./trust-report.ts";

const words: ResultWords = {
  done: "removed",
  unchanged: "nothing was there",
  elevation: "needs an administrator",
  failed: "failed",
};

/** The authority itself stays, whatever state it is in. */
export async function caUntrust(options: CommandOptions, terminal: Terminal): Promise<number> {
  const state = ownStateDirectory();
  const machine = thisMachine();
  const stores = await listStores(machine, await knownRoots(state));
  const first: StoreReport[] = [];
  for (const store of stores) first.push(await untrust(store, machine));
  const again = (store: TrustStore) => untrust(store, machine);
  const reports = options.json ? first : await elevateLeft(first, stepToUntrust, again, terminal);
  const remembered = await rememberedRoots(state);
  const elsewhere = await Promise.all(remembered.map((root) => trustElsewhere(machine, root, "remove")));
  if (options.json) printJson(terminal, reports, elsewhere.flat());
  else if (reports.length === 0) terminal.print("No trust store was found; nothing was there to remove.");
  else printReport(terminal, reports, elsewhere.flat(), words);
  const status = statusOf(reports);
  if (status === 0) await forgetRoots(state);
  return status;
}
