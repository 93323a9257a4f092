/** The trust stores of this machine, whatever its system: which there are, and how a root gets into one and out of it. */
import type { Command } from "../core/command.ts";
import { fail, ok, type Problem, type Result } from "../core/errors.ts";
import type { HeldRoot, Root, StoredRoot, StoreResult, TrustState, TrustStore } from "../core/trust.ts";
import type { Machine } from "./machine.ts";
import { LoginKeychain } from "./trust-darwin.ts";
import { linuxStores } from "./trust-linux.ts";
import { WindowsUserStore } from "./trust-win32.ts";

export interface StoreReport {
  readonly store: TrustStore;
  readonly result: StoreResult;
  /** Of the root in question, or of any root of ours, after what was done. */
  readonly state: TrustState;
}

/** Is each store as it was wished? */
export function areAsWished(reports: readonly StoreReport[]): boolean {
  return reports.every(({ result }) => result.how === "done" || result.how === "unchanged");
}

/** Every store that can be found. `known` are the roots that are certainly ours. */
export async function listStores(
  machine: Machine,
  known: readonly StoredRoot[],
): Promise<readonly TrustStore[]> {
  switch (machine.platform) {
    case "darwin":
      return [new LoginKeychain(machine, known)];
    case "win32":
      return [new WindowsUserStore(machine, known)];
    default:
      return linuxStores(machine, known);
  }
}

/** Has the store trust the root. What needs an elevation that we lack is not done, but named. */
export function trust(store: TrustStore, root: StoredRoot, machine: Machine): Promise<StoreReport> {
  return change(store, machine, {
    isReached: (held) => trusts(held, root),
    stateOf: (held) => stateWhen(trusts(held, root)),
    commands: () => store.adding(root),
  });
}

/** Takes every root of Oneport's out of the store, but for the one that is to stay. As `trust` otherwise. */
export function untrust(store: TrustStore, machine: Machine, stays?: Root): Promise<StoreReport> {
  const leaving = (held: readonly HeldRoot[]) => held.filter(({ root }) => root.sha256 !== stays?.sha256);
  return change(store, machine, {
    isReached: (held) => leaving(held).length === 0,
    stateOf: (held) => stateWhen(leaving(held).some(({ isTrusted }) => isTrusted)),
    commands: (held) => store.removing(leaving(held)),
  });
}

interface Goal {
  isReached(held: readonly HeldRoot[]): boolean;
  stateOf(held: readonly HeldRoot[]): TrustState;
  commands(held: readonly HeldRoot[]): readonly Command[];
}

/** The store itself is asked before and after: what programs say of their work is not believed. */
async function change(store: TrustStore, machine: Machine, goal: Goal): Promise<StoreReport> {
  const before = await store.read();
  if (!before.ok) return unreadable(store, before.error);
  if (goal.isReached(before.value)) {
    return { store, result: { how: "unchanged" }, state: goal.stateOf(before.value) };
  }
  const commands = goal.commands(before.value);
  if (store.needsElevation && !machine.isElevated) {
    return { store, result: { how: "elevation", commands }, state: goal.stateOf(before.value) };
  }
  const ran = await runAll(store, commands, machine);
  const after = await store.read();
  if (!after.ok) return unreadable(store, after.error);
  const state = goal.stateOf(after.value);
  if (goal.isReached(after.value)) return { store, result: { how: "done" }, state };
  const problem = ran.ok ? store.explain("its programs reported success, but nothing changed") : ran.error;
  return { store, result: { how: "failed", problem }, state };
}

/** Up to the first that fails. */
async function runAll(
  store: TrustStore,
  commands: readonly Command[],
  { runner }: Machine,
): Promise<Result<void>> {
  for (const command of commands) {
    const ran = await runner.run(command);
    if (!ran.ok) return fail(store.explain(ran.error.said));
  }
  return ok(undefined);
}

/** Does a store that holds these trust the root? */
export function trusts(held: readonly HeldRoot[], { sha256 }: Root): boolean {
  return held.some(({ root, isTrusted }) => isTrusted && root.sha256 === sha256);
}

function stateWhen(isTrusted: boolean): TrustState {
  return isTrusted ? { is: "trusted" } : { is: "not-trusted" };
}

function unreadable(store: TrustStore, problem: Problem): StoreReport {
  return { store, result: { how: "failed", problem }, state: { is: "unknown", problem } };
}
