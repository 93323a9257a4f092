/** Pressing what may be gone again before it is pressed. */
import type { Locator } from "playwright-core";

/** In what Playwright tells of a press that took too long: it was made, and nothing else caught it. */
const wasMade = /performing click action(?![\s\S]*retrying click action)/;

/**
 * Presses it once; rejects when it cannot be pressed within `timeout` milliseconds, and may then be tried again. A busy window is
 * slow to answer a press that it has heard: that one is not made twice.
 */
export async function press(target: Locator, timeout: number): Promise<void> {
  try {
    await target.click({ timeout });
  } catch (error) {
    if (!(error instanceof Error && wasMade.test(error.message))) throw error;
  }
}
