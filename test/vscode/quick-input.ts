/** VS Code's input at the top of a window: the palette, quick picks and input boxes are all this one. */
import assert from "node:assert/strict";
import { basename } from "node:path";
import type { Locator, Page } from "playwright-core";
import { eventually } from "./eventually.ts";
import { press } from "./press.ts";
import { readTexts } from "./read-texts.ts";

/** How long something may take before it is tried again. */
const patienceMilliseconds = 3_000;

/** Rows are used again: what the last one had is still there, but out of sight. */
const notHidden = ":not([style*='display: none'])";

/** What is not shown is "". */
interface Shown {
  /** With the step, such as "Add Route (1/3)". */
  readonly title: string;
  readonly placeholder: string;
  /** The prompt, or what is wrong with the value. */
  readonly message: string;
  readonly value: string;
  readonly rows: readonly { readonly label: string; readonly description: string; readonly detail: string }[];
}

export class QuickInput {
  readonly #page: Page;
  readonly #widget: Locator;
  readonly #box: Locator;

  constructor(page: Page) {
    this.#page = page;
    this.#widget = page.locator(".quick-input-widget");
    this.#box = this.#widget.locator("input.input");
  }

  /** Waits for the one with this title and step, such as "Add Route (1/3)"; "" is one without a title. */
  async shown(title: string): Promise<Shown> {
    const places = [".quick-input-title", "input.input@placeholder", `.quick-input-message${notHidden}`];
    return await eventually(async () => {
      assert.ok(await this.#box.isVisible(), `There is no input, but there should be "${title}".`);
      const [[found = "", placeholder = "", message = ""] = []] = await readTexts(this.#widget, places);
      assert.equal(found.trim(), title);
      const value = await this.#box.inputValue({ timeout: patienceMilliseconds });
      return { title, placeholder, message, value, rows: await this.#rows() };
    });
  }

  async #rows(): Promise<Shown["rows"]> {
    const detailAt = `.quick-input-list-label-meta .monaco-icon-label${notHidden}`;
    const places = ["@data-index", ".label-name", ".label-description", detailAt];
    const texts = await readTexts(this.#widget.locator(".quick-input-list .monaco-list-row"), places);
    return texts
      .sort(([one], [other]) => Number(one) - Number(other))
      .map(([, label = "", description = "", detail = ""]) => ({ label: label.trim(), description, detail }));
  }

  /** Replaces its value. */
  async type(text: string): Promise<void> {
    await this.#box.fill(text);
  }

  /** Chooses a row by its whole label. */
  async pick(label: string): Promise<void> {
    await this.#row(label).click();
  }

  /** Opens the palette, finds a command by its whole title, and runs it; waits for commands that are yet to come. */
  async runCommand(title: string): Promise<void> {
    await this.#choose("F1", `>${title}`, title);
  }

  /** Opens a file by its whole path. */
  async openFile(path: string): Promise<void> {
    await this.#choose("Control+P", path, basename(path));
  }

  /** Whether the palette offers a command; to be sure that it does not takes a few seconds. */
  async offersCommand(title: string): Promise<boolean> {
    await tryAgain((timeout) => this.#open("F1", `>${title}`, timeout));
    const isOffered = await this.#waitForRow(title, patienceMilliseconds).then(
      () => true,
      () => false,
    );
    await this.#page.keyboard.press("Escape");
    return isOffered;
  }

  /** Resolves when a window that starts answers the keyboard. */
  async ready(): Promise<void> {
    await tryAgain((timeout) => this.#open("F1", ">", timeout));
    await this.#page.keyboard.press("Escape");
  }

  async #choose(key: string, text: string, label: string): Promise<void> {
    await tryAgain(async (timeout) => {
      await this.#open(key, text, timeout);
      await this.#waitForRow(label, timeout);
      await press(this.#row(label), timeout);
    });
  }

  /** `timeout` is in milliseconds, here and below. */
  async #open(key: string, text: string, timeout: number): Promise<void> {
    await this.#page.keyboard.press("Escape");
    await this.#page.keyboard.press(key);
    await this.#box.fill(text, { timeout });
  }

  async #waitForRow(label: string, timeout: number): Promise<void> {
    try {
      await this.#row(label).waitFor({ timeout });
    } catch {
      const others = (await this.#rows()).map((row) => row.label);
      throw new Error(`There is no row "${label}" among ${JSON.stringify(others)}.`);
    }
  }

  #row(label: string): Locator {
    const rows = this.#widget.locator(".quick-input-list-row:first-child .label-name");
    return rows.getByText(label, { exact: true }).first();
  }
}

/**
 * A key can be lost while a window starts, focus can be taken, and a palette that is open does not learn of new commands: so
 * all is done again, each time with twice the patience, for what is slow is not lost.
 */
async function tryAgain(attempt: (timeout: number) => Promise<void>): Promise<void> {
  let timeout = patienceMilliseconds;
  await eventually(async () => {
    const patience = timeout;
    timeout *= 2;
    await attempt(patience);
  });
}
