/** The windows that take part, what each of them lends, and the one table that becomes of it. */
import type { Problem } from "../core/errors.ts";
import type { SessionWindow } from "../core/events.ts";
import { type Lease, type MergedLeases, mergeLeases } from "../core/leases.ts";
import { visible } from "../core/printable.ts";
import type { Window, WindowLeases } from "./messages.ts";

export class Lenders {
  readonly #lenders: Map<string, WindowLeases>;
  readonly #told = new Set<string>();
  #merged: MergedLeases;

  constructor(lenders: readonly WindowLeases[]) {
    this.#lenders = new Map(lenders.map((lender) => [lender.window.id, lender]));
    this.#merged = this.#merge();
  }

  /** What a window lends from now on; one that was not there takes part from now on. */
  lend(window: Window, leases: readonly Lease[]): void {
    this.#lenders.set(window.id, { window, leases: [...leases] });
    this.#merged = this.#merge();
  }

  /** These windows take part no more, and what they lent is gone. */
  leave(ids: readonly string[]): void {
    for (const id of ids) this.#lenders.delete(id);
    this.#merged = this.#merge();
  }

  get list(): WindowLeases[] {
    return [...this.#lenders.values()];
  }

  get merged(): MergedLeases {
    return this.#merged;
  }

  /** As everyone is told them, the one that has been there longest first. */
  describe(ownerId: string): SessionWindow[] {
    const { lenders, conflicts } = this.#merged;
    const windows = this.list.map(({ window }) => window).sort((a, b) => a.since - b.since);
    return windows.map(({ id, name, kind, pid }) => ({
      id,
      name,
      kind,
      pid,
      role: id === ownerId ? "owner" : "member",
      routes: [...lenders].filter(([, ids]) => ids.includes(id)).map(([domain]) => domain),
      conflicts: [...(conflicts.get(id) ?? [])],
    }));
  }

  /** The conflicts that nobody has been told yet, and the two windows that they are between. */
  newConflicts(): { readonly between: readonly string[]; readonly problem: Problem }[] {
    const all = [...this.#merged.conflicts].flatMap(([loser, conflicts]) =>
      conflicts.map(({ domain, heldBy }) => ({
        domain,
        heldBy,
        loser,
        key: JSON.stringify([domain, heldBy, loser]),
      })),
    );
    const fresh = all.filter(({ key }) => !this.#told.has(key));
    this.#told.clear();
    for (const { key } of all) this.#told.add(key);
    return fresh.map(({ domain, heldBy, loser }) => ({
      between: [heldBy, loser],
      problem: conflictProblem(domain, this.#nameOf(heldBy), this.#nameOf(loser)),
    }));
  }

  #nameOf(id: string): string {
    return visible(this.#lenders.get(id)?.window.name ?? id);
  }

  #merge(): MergedLeases {
    return mergeLeases(this.list.map(({ window, leases }) => ({ id: window.id, leases })));
  }
}

function conflictProblem(domain: string, holder: string, loser: string): Problem {
  return {
    code: "route-conflict",
    message: `${domain} has one target in ${holder}, which keeps it, and another one in ${loser}.`,
    remedy: "Give one of the two another domain, or remove it.",
  };
}
