/** Something that Oneport put on this machine, and what becomes of it. */
import type { ElevatedStep } from "../../core/elevated-step.ts";
import { isNotRun } from "../../core/elevation.ts";
import type { Problem, Result } from "../../core/errors.ts";
import type { Machine } from "../machine.ts";

export interface Leftover {
  /** A noun, such as "Oneport's lines". */
  readonly what: string;
  readonly place: string;
  /** Never rejects for what can be told. */
  remove(): Promise<Removal>;
}

export type Removal =
  | { readonly how: "removed" }
  /** What to paste or to do, one line each; Oneport itself may be gone by then, so no command is one of ours. */
  | { readonly how: "administrator"; readonly instructions: readonly string[] }
  | { readonly how: "failed"; readonly problem: Problem };

export interface CleanContext {
  readonly machine: Machine;
  readonly stateDirectory: string;
  /** Where the control sockets lie; none where they lie in no folder. */
  readonly controlFolder?: string | undefined;
  /** Has an elevated step done, where the user can be asked for the rights; undefined when the user was not, or said no. */
  readonly elevate?: (step: ElevatedStep) => Promise<Result<void> | undefined>;
}

/** Tries with more rights, where there is a way to them; else it is told how. */
export async function elevated(
  { elevate }: CleanContext,
  step: ElevatedStep,
  instructions: readonly string[],
): Promise<Removal> {
  const done = await elevate?.(step);
  if (done?.ok) return { how: "removed" };
  // The others are of the step itself, which was tried.
  const isByHand = done === undefined || isNotRun(done.error);
  return isByHand ? { how: "administrator", instructions } : { how: "failed", problem: done.error };
}
