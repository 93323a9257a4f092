/** What `oneport ca trust` and `ca untrust` leave to an administrator, done at once where the user is one and sits there. */
import type { ElevatedStep } from "../core/elevated-step.ts";
import { isNotRun } from "../core/elevation.ts";
import type { Result } from "../core/errors.ts";
import type { Root, TrustStore } from "../core/trust.ts";
import { untrustStep } from "../platform/elevate.ts";
import type { StoreReport } from "../platform/trust.ts";
import { offerElevation } from "./elevated.ts";
import type { Terminal } from "./terminal.ts";

/** The reports as they are then: `again` makes one anew, of a store that should need no more change. */
export async function elevateLeft(
  reports: readonly StoreReport[],
  stepFor: (left: readonly TrustStore[]) => Promise<ElevatedStep>,
  again: (store: TrustStore) => Promise<StoreReport>,
  terminal: Terminal,
): Promise<readonly StoreReport[]> {
  const left = reports.filter(({ result }) => result.how === "elevation").map(({ store }) => store);
  if (left.length === 0) return reports;
  const names = left.map(({ name, place }) => `${name} (${place})`).join(", ");
  const step = await stepFor(left);
  const done = await offerElevation(step, `${names} needs an administrator. Do it now?`);
  if (!done) return reports;
  if (!done.ok && isNotRun(done.error)) {
    terminal.printProblem({ ...done.error, remedy: "The commands for it are shown below." });
    return reports;
  }
  return Promise.all(
    reports.map((report) => (left.includes(report.store) ? after(report, done, again) : report)),
  );
}

/** Takes out what the stores hold now, remembered or not, but for the root that is to stay. */
export async function stepToUntrust(stores: readonly TrustStore[], stays?: Root): Promise<ElevatedStep> {
  const read = await Promise.all(stores.map((store) => store.read()));
  const roots = read.flatMap((held) => (held.ok ? held.value.map(({ root }) => root) : []));
  return untrustStep(roots.filter(({ sha256 }) => sha256 !== stays?.sha256));
}

/** The store itself is believed, whatever the program said. */
async function after(
  report: StoreReport,
  done: Result<void>,
  again: (store: TrustStore) => Promise<StoreReport>,
): Promise<StoreReport> {
  const now = await again(report.store);
  if (now.result.how === "unchanged") return { ...now, result: { how: "done" } };
  return done.ok ? now : { ...now, result: { how: "failed", problem: done.error } };
}
