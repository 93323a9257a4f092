/** A stand-in for a system that is not here: it answers each command as that system's documentation says it would. */

import type { Command } from "../../src/core/command.ts";
import { fail, ok, type Result } from "../../src/core/errors.ts";
import type { RunFailure, Runner } from "../../src/platform/run.ts";

type Answer = Result<string, RunFailure> | Promise<Result<string, RunFailure>>;

export interface Scripted extends Runner {
  /** Every command so far, its program first. */
  readonly ran: readonly (readonly string[])[];
}

/** `answer` gets the arguments without the program. */
export function scripted(answer: (list: readonly string[]) => Answer): Scripted {
  const ran: string[][] = [];
  return {
    ran,
    find: async () => undefined,
    run: async ({ program, arguments: list }: Command) => {
      ran.push([program, ...list]);
      return answer(list);
    },
  };
}

export const said = (output = "") => ok(output);
export const refused = (status: number, errors: string) => fail({ status, said: errors });
