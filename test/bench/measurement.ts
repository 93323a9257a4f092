/** A measurement: what it is called, whom it asks what, and the figures that come of one round. */
import type { RunningProxy, Way } from "./contender.ts";
import type { Job } from "./jobs.ts";
import type { Pinned } from "./pinned.ts";

/** `value` is in the unit that the figure's name ends with; for all of them less is better, unless it says "a second". */
export interface Reading {
  readonly figure: string;
  readonly value: number;
}

/** What a measurement has at hand for one round with one contender. */
export interface Place {
  readonly process: Pinned;
  /** The port for the measurement's way. */
  readonly port: number;
  readonly load: Load;
  /** Starts the same contender once more, beside the first, for what only a fresh process can tell. */
  readonly startAnother: () => Promise<RunningProxy>;
  /** Where a measurement may leave files. */
  readonly folder: string;
  readonly scale: Scale;
}

/** The load process; the answers are described with the jobs. */
export interface Load {
  do(job: Job): Promise<Readonly<Record<string, number>>>;
}

/** How much is done in a round: all, a quick look, or so little that only the way of doing it is tried. */
export const scales = { whole: 1, quick: 0.25, tiny: 0.002 } as const;
export type Scale = keyof typeof scales;

export interface Measurement {
  /** As `--only` knows it. */
  readonly name: string;
  /** Only those who offer it are measured. */
  readonly way: Way;
  /** Starts a process of its own, which is to be measured as it is. */
  readonly isFresh?: true;
  measure(place: Place): Promise<readonly Reading[]>;
}

/** At least one, and whole. */
export function scaled(count: number, scale: Scale): number {
  return Math.max(1, Math.round(count * scales[scale]));
}

/** CPU seconds that `process` takes for `work`, beside what the work gives. */
export async function costOf<T>(process: Pinned, work: () => Promise<T>): Promise<[cpu: number, result: T]> {
  const before = process.cpuSeconds;
  const result = await work();
  return [process.cpuSeconds - before, result];
}
