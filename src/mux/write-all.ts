/** Many pieces in one write. */
import type { Writable } from "node:stream";
import { freeChunk } from "./free-chunk.ts";
import { isPlain } from "./upstream-socket.ts";

/** Writes pieces, which nobody else may hold any more, in one go; whether more can be taken. */
export function writeAll(to: Writable, pieces: readonly Buffer[]): boolean {
  const [first] = pieces;
  const goesOn = first && pieces.length === 1 ? to.write(first) : writeCorked(to, pieces);
  // What the kernel has taken already is no reason to wait, however much it was.
  if (!isPlain(to) || to.writableLength > 0) return goesOn;
  pieces.forEach(freeChunk);
  return true;
}

function writeCorked(to: Writable, pieces: readonly Buffer[]): boolean {
  let goesOn = true;
  to.cork();
  for (const piece of pieces) goesOn = to.write(piece);
  to.uncork();
  return goesOn;
}
