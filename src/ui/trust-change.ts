/** Trusting the authority, or trusting it no more: in which stores, and what became of each. */
import { type LogOutputChannel, l10n } from "vscode";
import { ok, type Problem, type Result } from "../core/errors.ts";
import { type StoredRoot, shownFingerprint, type TrustStore } from "../core/trust.ts";
import { type Elevation, elevate, trustStep, untrustStep } from "../platform/elevate.ts";
import { areAsWished, listStores, type StoreReport, trust, trusts, untrust } from "../platform/trust.ts";
import { trustElsewhere } from "../platform/trust-elsewhere.ts";
import { forgetRoots, knownRoots, rememberRoot } from "../platform/trusted-roots.ts";
import type { MadeAuthority } from "../session/task.ts";
import type { MachineChange } from "./machine-change.ts";

export interface TrustContext {
  readonly stateDirectory: string;
  readonly log: LogOutputChannel;
  readonly elevation: Elevation;
  /** Makes the authority if there is none. */
  readonly makeAuthority: () => Promise<Result<MadeAuthority>>;
}

/** Undefined when every store trusts it already. */
export async function planTrust(context: TrustContext): Promise<Result<MachineChange | undefined>> {
  const made = await context.makeAuthority();
  if (!made.ok) return made;
  const root = await rememberRoot(context.stateDirectory, made.value.file);
  const stores = await distrusting(root, context);
  if (stores.length === 0) return ok(undefined);
  return ok({
    question: l10n.t("Trust Oneport's authority in these places?"),
    detail: describe(root, made.value, stores, context),
    action: l10n.t("Trust"),
    carryOut: () => trustIn(stores, root, made.value, context),
  });
}

/** Undefined when no store has a root of ours. */
export async function planUntrust(context: TrustContext): Promise<Result<MachineChange | undefined>> {
  const { stateDirectory, elevation } = context;
  const stores = await holding(await listStores(elevation.machine, await knownRoots(stateDirectory)));
  if (stores.length === 0) return ok(undefined);
  return ok({
    question: l10n.t("Stop trusting Oneport's authority in these places?"),
    detail: shownStores("−", stores, context).join("\n"),
    action: l10n.t("Stop Trusting"),
    carryOut: () => untrustIn(stores, context),
  });
}

/** What can be said of a root: `unknown` when no store can be read. */
export type Standing = "trusted" | "distrusted" | "unknown";

export async function standingOf(root: StoredRoot, context: TrustContext): Promise<Standing> {
  const stores = await readStores(root, context);
  if (stores.length === 0) return "unknown";
  return stores.every(({ isTrusted }) => isTrusted) ? "trusted" : "distrusted";
}

async function distrusting(root: StoredRoot, context: TrustContext): Promise<readonly TrustStore[]> {
  return (await readStores(root, context)).flatMap(({ store, isTrusted }) => (isTrusted ? [] : [store]));
}

/** The stores that can be read. */
async function readStores(root: StoredRoot, { elevation, stateDirectory }: TrustContext) {
  const stores = await listStores(elevation.machine, await knownRoots(stateDirectory));
  const read = await Promise.all(stores.map(async (store) => ({ store, held: await store.read() })));
  return read.flatMap(({ store, held }) => (held.ok ? [{ store, isTrusted: trusts(held.value, root) }] : []));
}

async function holding(stores: readonly TrustStore[]): Promise<readonly TrustStore[]> {
  const read = await Promise.all(stores.map(async (store) => ({ store, held: await store.read() })));
  return read.flatMap(({ store, held }) => (held.ok && held.value.length > 0 ? [store] : []));
}

function describe(
  root: StoredRoot,
  { names, addresses }: MadeAuthority,
  stores: readonly TrustStore[],
  context: TrustContext,
): string {
  return [
    ...shownStores("+", stores, context),
    "",
    l10n.t(
      "It is good for names under {0}, for {1}, and for nothing else.",
      names.join(", "),
      addresses.join(", "),
    ),
    `SHA-256 ${shownFingerprint(root)}`,
  ].join("\n");
}

function shownStores(
  sign: "+" | "−",
  stores: readonly TrustStore[],
  { elevation }: TrustContext,
): readonly string[] {
  return stores.map(({ name, place, needsElevation }) => {
    const line = `${sign} ${name}: ${place}`;
    const asks = needsElevation && !elevation.machine.isElevated;
    return asks ? l10n.t("{0} (asks for an administrator)", line) : line;
  });
}

async function trustIn(
  stores: readonly TrustStore[],
  root: StoredRoot,
  { names }: MadeAuthority,
  context: TrustContext,
): Promise<readonly Problem[]> {
  const { elevation } = context;
  const reports: StoreReport[] = [];
  for (const store of stores) {
    const report = await trust(store, root, elevation.machine);
    if (report.result.how !== "elevation") reports.push(report);
    else {
      const done = await elevate(trustStep(root, names), elevation);
      reports.push(done.ok ? await trust(store, root, elevation.machine) : failed(report, done.error));
    }
  }
  await retireEarlierRoots(root, context);
  for (const { name, advice, command } of await trustElsewhere(elevation.machine, root, "add")) {
    context.log.info(`${name}: ${advice} ${command}`);
  }
  return tell(reports, context);
}

/** Those of authorities that this one has replaced. What needs an administrator is left for "Stop Trusting…". */
async function retireEarlierRoots(
  root: StoredRoot,
  { elevation, stateDirectory, log }: TrustContext,
): Promise<void> {
  const known = await knownRoots(stateDirectory);
  if (known.length < 2) return;
  for (const store of await listStores(elevation.machine, known)) {
    const { result } = await untrust(store, elevation.machine, root);
    if (result.how === "elevation") log.info(`${store.name}: an earlier authority is left in it.`);
  }
}

async function untrustIn(stores: readonly TrustStore[], context: TrustContext): Promise<readonly Problem[]> {
  const { elevation, stateDirectory } = context;
  const reports: StoreReport[] = [];
  for (const store of stores) {
    const held = await store.read();
    const report = await untrust(store, elevation.machine);
    if (report.result.how !== "elevation" || !held.ok) reports.push(report);
    else {
      const done = await elevate(untrustStep(held.value.map(({ root }) => root)), elevation);
      reports.push(done.ok ? await untrust(store, elevation.machine) : failed(report, done.error));
    }
  }
  if (areAsWished(reports)) await forgetRoots(stateDirectory);
  return tell(reports, context);
}

function failed(report: StoreReport, problem: Problem): StoreReport {
  return { ...report, result: { how: "failed", problem } };
}

/** Store by store in the log; what went wrong is also the answer. */
function tell(reports: readonly StoreReport[], { log }: TrustContext): readonly Problem[] {
  for (const { store, state } of reports) log.info(`${store.name} (${store.place}): ${state.is}`);
  return reports.flatMap(({ result }) => (result.how === "failed" ? [result.problem] : []));
}
