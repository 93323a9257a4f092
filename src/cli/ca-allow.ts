/** `oneport ca trust --allow NAME`: an authority that is good for one more name, before it is trusted; and the end of the one before. */
import { OneportError } from "../core/errors.ts";
import type { Root, TrustStore } from "../core/trust.ts";
import type { Machine } from "../platform/machine.ts";
import { listStores, type StoreReport, untrust } from "../platform/trust.ts";
import { knownRoots } from "../platform/trusted-roots.ts";
import { type Widening, widenAuthority } from "../platform/widen-authority.ts";
import type { Terminal } from "./terminal.ts";
import { elevateLeft, stepToUntrust } from "./trust-elevated.ts";
import { printJson, printReport, type ResultWords, statusOf } from "./trust-report.ts";

const words: ResultWords = {
  done: "earlier one removed",
  unchanged: "no earlier one there",
  elevation: "needs an administrator",
  failed: "failed",
};

/** Whoever names them agrees to them; what comes of it is told. Throws a OneportError when a name cannot be added. */
export async function allowNames(
  names: readonly string[],
  state: string,
  terminal: Terminal,
  asJson: boolean,
): Promise<void> {
  const widened = await widenAuthority(state, names);
  if (!widened.ok) throw new OneportError(widened.error);
  if (asJson) terminal.print(JSON.stringify({ type: "allowed", ...widened.value }));
  else printWidening(widened.value, terminal);
}

function printWidening({ before, added, after }: Widening, terminal: Terminal): void {
  if (added.length === 0) {
    terminal.print("The authority is good for that already.\n");
    return;
  }
  terminal.print("What an authority may certify is fixed when it is made, so a new one takes its place.");
  terminal.print(`It adds   ${added.join(", ")}, and every name under ${added.length > 1 ? "these" : "it"}`);
  terminal.print(`Before    ${before.join(", ")}`);
  terminal.print(`Now       ${after.join(", ")}\n`);
}

/** Takes the roots of all authorities but today's out of every store; says what became of it. The exit status. */
export async function untrustEarlier(
  today: Root,
  state: string,
  machine: Machine,
  terminal: Terminal,
  asJson: boolean,
): Promise<number> {
  const first: StoreReport[] = [];
  for (const store of await listStores(machine, await knownRoots(state))) {
    first.push(await untrust(store, machine, today));
  }
  const again = (store: TrustStore) => untrust(store, machine, today);
  const step = (left: readonly TrustStore[]) => stepToUntrust(left, today);
  const reports = asJson ? first : await elevateLeft(first, step, again, terminal);
  const changed = reports.filter(({ result }) => result.how !== "unchanged");
  if (asJson) printJson(terminal, changed, []);
  else if (changed.length > 0) {
    terminal.print("\nThe authority before it is not to be trusted any more:");
    printReport(terminal, changed, [], words);
  }
  return statusOf(reports);
}
