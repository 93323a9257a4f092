/** Waiting for what a window shows: there is no event for a picture. */
import { setTimeout as sleep } from "node:timers/promises";
import { longestMilliseconds } from "../e2e/program.ts";

const pauseMilliseconds = 100;

/** Calls `look` until it does not throw, and gives what it returned; rejects with its last error in the end. */
export async function eventually<T>(look: () => T | Promise<T>): Promise<T> {
  const deadline = performance.now() + longestMilliseconds;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await sleep(pauseMilliseconds);
  }
}
