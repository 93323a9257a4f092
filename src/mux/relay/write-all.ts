/** Many pieces in one write. */
import type { Writable } from "node:stream";

/** Writes pieces in one go; whether more can be taken. */
export function writeAll(to: Writable, pieces: readonly Buffer[]): boolean {
  const [first] = pieces;
  if (first && pieces.length === 1) return to.write(first);
  let goesOn = true;
  to.cork();
  for (const piece of pieces) goesOn = to.write(piece);
  to.uncork();
  return goesOn;
}
