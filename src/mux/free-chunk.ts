/** Gives the memory of what was read back at once: the collector would let a lot of it pile up first. */

/** Beneath this the collector is cheaper than detaching. */
const worthFreeing = 16 * 1024;

/** Only for a chunk that nobody else can hold a part of. */
export function freeChunk(chunk: Buffer): void {
  const memory = chunk.buffer;
  if (chunk.length < worthFreeing || memory.byteLength !== chunk.length) return;
  if (memory instanceof ArrayBuffer) memory.transfer(0);
}
