/** What VS Code says to its user: toasts at the lower right, and dialogs that everything waits for. */
import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { eventually } from "./eventually.ts";
import { readTexts } from "./read-texts.ts";

interface Toast {
  /** "info", "warning" or "error". */
  readonly kind: string;
  readonly message: string;
  readonly buttons: readonly string[];
}

interface Question {
  readonly message: string;
  readonly detail: string;
  readonly buttons: readonly string[];
}

export class Toasts {
  readonly #items: Locator;

  constructor(page: Page) {
    this.#items = page.locator(".notifications-toasts .notification-list-item");
  }

  /** Those in sight. */
  async all(): Promise<Toast[]> {
    const places = [".notification-list-item-icon@class", ".notification-list-item-message"];
    const texts = await readTexts(this.#items, places);
    const buttons = await Promise.all(texts.map((_, index) => textsOf(buttonsOf(this.#items.nth(index)))));
    return texts.map(([icon = "", message = ""], index) => ({
      kind: /codicon-(info|warning|error)/.exec(icon)?.[1] ?? "",
      message,
      buttons: buttons[index] ?? [],
    }));
  }

  /** Waits for one whose message has this in it. */
  async shown(part: string): Promise<Toast> {
    return await eventually(async () => {
      const toasts = await this.all();
      const toast = toasts.find(({ message }) => message.includes(part));
      assert.ok(toast, `No toast says "${part}"; those in sight are ${JSON.stringify(toasts)}.`);
      return toast;
    });
  }

  /** Presses a button of the one whose message has `part` in it. */
  async press(part: string, button: string): Promise<void> {
    await buttonsOf(this.#items.filter({ hasText: part }))
      .getByText(button, { exact: true })
      .click();
  }
}

export class Dialog {
  readonly #box: Locator;

  constructor(page: Page) {
    this.#box = page.locator(".monaco-dialog-box");
  }

  /** Is there one just now? */
  async isShown(): Promise<boolean> {
    return await this.#box.isVisible();
  }

  /** Waits for it. */
  async shown(): Promise<Question> {
    await this.#box.waitFor();
    const places = [".dialog-message-text", ".dialog-message-detail"];
    const [[message = "", detail = ""] = []] = await readTexts(this.#box, places);
    return { message, detail, buttons: await textsOf(buttonsOf(this.#box)) };
  }

  /** Presses one of its buttons, and waits until it is gone. */
  async press(button: string): Promise<void> {
    await buttonsOf(this.#box).getByText(button, { exact: true }).click();
    await this.#box.waitFor({ state: "hidden" });
  }
}

function buttonsOf(parent: Locator): Locator {
  return parent.locator(".monaco-button");
}

async function textsOf(elements: Locator): Promise<string[]> {
  return (await readTexts(elements, [""])).flat();
}
