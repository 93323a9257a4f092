/** What `oneport doctor` and "Oneport: Diagnose" find: one statement for each thing looked at. */
import type { Problem } from "./errors.ts";
import type { Style } from "./log-line.ts";
import { visible } from "./printable.ts";

/** What is looked at. */
export const checks = [
  "settings",
  "port",
  "name",
  "certificate",
  "target",
  "answer",
  "hosts",
  "authority",
  "clock",
  "trust",
  "environment",
  "browser",
] as const;

export type Check = (typeof checks)[number];

export interface Finding {
  readonly check: Check;
  /** The domain, the trust store, the variable … that it is about. */
  readonly subject?: string;
  /** `note`: works, but may surprise. */
  readonly state: "ok" | "note" | "wrong";
  /** One sentence. */
  readonly message: string;
  /** What to do, as an imperative sentence; present whenever something is wrong. */
  readonly remedy?: string;
}

/** Marks that differ in shape, for those who see no colours, or print none. */
const marks = {
  ok: { sign: "✓", format: "green" },
  note: { sign: "!", format: "yellow" },
  wrong: { sign: "✗", format: "red" },
} as const;

/** One line, without its end. */
export function formatFinding({ state, subject, message, remedy }: Finding, style: Style): string {
  const { sign, format } = marks[state];
  const about = subject === undefined ? "" : `${style("bold", visible(subject))}: `;
  const toDo = remedy === undefined ? "" : ` ${visible(remedy)}`;
  return `${style(format, sign)} ${about}${visible(message)}${toDo}`;
}

/** A problem as a finding. */
export function wrong(check: Check, problem: Problem, subject?: string): Finding {
  const { message, remedy } = problem;
  return { check, ...(subject !== undefined && { subject }), state: "wrong", message, remedy };
}
