/** The one shape in which anything that went wrong is told, here and to the user. */

/**
 * A failure as a value. `code` is stable and for programs; `message` says what happened in one sentence;
 * `remedy` says what to do next, as an imperative sentence.
 */
export interface Problem<Code extends string = string> {
  readonly code: Code;
  readonly message: string;
  readonly remedy: string;
}

/** The answer of a function that can fail in ways its caller must look at. */
export type Result<T, E = Problem> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E };

export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

export function fail<E>(error: E): { readonly ok: false; readonly error: E } {
  return { ok: false, error };
}

/** A Problem on its way up through code that throws: asynchronous edges reject with nothing else on purpose. */
export class OneportError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem, options?: ErrorOptions) {
    super(problem.message, options);
    this.name = "OneportError";
    this.problem = problem;
  }
}

/**
 * Whatever was thrown, as a Problem: ours as it is, anything else with its own message as a sentence. The want of descriptors is told
 * as that, whatever it was that failed for it.
 */
export function problemOf(error: unknown): Problem {
  if (lacksDescriptors(error)) return outOfDescriptors;
  if (error instanceof OneportError) return lacksDescriptors(error.cause) ? outOfDescriptors : error.problem;
  const words = messageOf(error);
  const message = /[.!?]$/.test(words) ? words : `${words}.`;
  return { code: "unexpected", message, remedy: "Please report this with the log." };
}

/** Whether this process, or all of them together, have as many files and connections open as they may. */
export function lacksDescriptors(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // A thread that could not be started for it says so in its words alone.
  return /^E[MN]FILE$/.test(systemCode(error) ?? "") || /: E[MN]FILE$/.test(error.message);
}

export const outOfDescriptors: Problem = {
  code: "out-of-descriptors",
  message: "As many files and connections are open as the system allows.",
  remedy: "Close connections, or raise the limit on open files (ulimit -n).",
};

/** The words of whatever was thrown, for a sentence about it. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // OpenSSL's message is a line of its error queue; its reason is the part of it for people.
  return "library" in error && "reason" in error ? String(error.reason) : error.message;
}

/** The same as short as it can be said, for brackets in a sentence: the system's error code, else the words. */
export function shortReason(error: unknown): string {
  return systemCode(error) ?? messageOf(error);
}

/** The system's error code (`ECONNREFUSED`, …) of whatever was thrown, if it carries one. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
