/** What the tests of the first bytes share: captured ClientHellos, ways to cut a stream, and repeatable randomness. */
import { readdirSync, readFileSync } from "node:fs";

const folder = new URL("../fixtures/clienthello/", import.meta.url);

/** The names of all captures, without `.hex`. */
export const captures: readonly string[] = readdirSync(folder).map((file) => file.replace(/\.hex$/, ""));

/** The ClientHello of one connection; what psql 15 sends before it, its SSLRequest, was not kept. */
export function captured(name: string): Buffer {
  return Buffer.from(readFileSync(new URL(`${name}.hex`, folder), "latin1").trim(), "hex");
}

/** A handshake message in TLS records of `size` bytes each. */
export function records(message: Uint8Array, size: number): Buffer {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < message.length; at += size) {
    const payload = message.subarray(at, at + size);
    pieces.push(Buffer.of(22, 3, 1, payload.length >> 8, payload.length & 0xff), payload);
  }
  return Buffer.concat(pieces);
}

/** A number from 0 on and below `limit`, the same series for the same seed (mulberry32). */
export function randomNumbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** `bytes` with one to four of them changed, or cut off, or doubled in place. */
export function mutated(bytes: Uint8Array, random: (limit: number) => number): Buffer {
  let copy = Buffer.from(bytes);
  for (let change = random(4); change >= 0; change -= 1) {
    const at = random(copy.length + 1);
    const kind = random(8);
    if (kind === 0) copy = copy.subarray(0, at);
    else if (kind === 1)
      copy = Buffer.concat([copy.subarray(0, at), copy.subarray(Math.max(0, at - random(8)))]);
    else copy[at] = random(256);
  }
  return copy;
}

type Read = { readonly kind: string; readonly atLeast?: number };

/**
 * Lets `bytes` arrive in segments of `size`, and reads as a connection does: again only once there are `atLeast` bytes.
 * `seen` is how many there were the time before. Gives the last answer, and how often it was read.
 */
export function arriving<T extends Read>(
  bytes: Uint8Array,
  size: number,
  read: (bytes: Uint8Array, seen: number) => T,
): { answer: T; readings: number } {
  let answer = read(bytes.subarray(0, 0), 0);
  let readings = 1;
  let seen = 0;
  for (let length = size; answer.kind === "more" && seen < bytes.length; length += size) {
    const arrived = Math.min(length, bytes.length);
    if (arrived < (answer.atLeast ?? 0)) {
      if (arrived < bytes.length) continue;
      break;
    }
    answer = read(bytes.subarray(0, arrived), seen);
    readings += 1;
    seen = arrived;
  }
  return { answer, readings };
}

/** What this process has computed so far: unlike the clock, it does not run on while others have the processor. */
export function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
