/** A question on the terminal, to which everything but a yes is a no. */
import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { OneportError } from "../core/errors.ts";

/** Can anybody answer? */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Throws a OneportError on Ctrl-C and Ctrl-D. */
export async function agreesTo(question: string): Promise<boolean> {
  const asker = createInterface({ input: process.stdin, output: process.stderr });
  const closed = once(asker, "close").then(() => undefined);
  try {
    // Ctrl-C and Ctrl-D reject, or, in some versions of Node, do nothing but close.
    const answer = await Promise.race([asker.question(`${question} [y/N] `).catch(() => undefined), closed]);
    if (answer === undefined) throw unanswered();
    return /^\s*y(es)?\s*$/i.test(answer);
  } finally {
    asker.close();
  }
}

function unanswered(): OneportError {
  return new OneportError({
    code: "unanswered",
    message: "That was no answer.",
    remedy: "Nothing was done; try again.",
  });
}
