/** Large buffers that nothing needs just now: making one anew costs about as much as filling it. */

/** Beyond this nothing is gained, below it a little is lost. */
export const largeSize = 256 * 1024;
const mostSpares = 16;

const spares: Buffer[] = [];

export function takeLarge(): Buffer {
  return spares.pop() ?? Buffer.allocUnsafeSlow(largeSize);
}

/** Nobody may hold a part of it any more. */
export function putLarge(buffer: Buffer): void {
  if (spares.length < mostSpares) spares.push(buffer);
}
