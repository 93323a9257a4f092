/** What is to become of our block when one window asks for its names: others may have put theirs there, too. */
import type { HostsEntry } from "./hosts-block.ts";

export interface HostsPlan {
  /** What the block is to hold: what is asked for, and every other name's lines as they are. */
  readonly entries: readonly HostsEntry[];
  /** Names in the block that nobody asks for now. */
  readonly unused: readonly string[];
}

/** `block` is what it holds now, `wanted` what the routes need. The block's order stays, new names come last. */
export function planHosts(block: readonly HostsEntry[], wanted: readonly HostsEntry[]): HostsPlan {
  const needed = Map.groupBy(wanted, ({ name }) => name);
  const present = Map.groupBy(block, ({ name }) => name);
  const names = new Set([...present.keys(), ...needed.keys()]);
  return {
    entries: [...names].flatMap((name) => needed.get(name) ?? present.get(name) ?? []),
    unused: [...present.keys()].filter((name) => !needed.has(name)),
  };
}
