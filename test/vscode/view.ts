/** One view of the side bar: its tree, its actions, and its welcome while the tree is empty. */
import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { eventually } from "./eventually.ts";
import { readTexts } from "./read-texts.ts";

export interface Row {
  readonly label: string;
  readonly description: string;
  readonly ariaLabel: string;
  /** The codicon's name, such as "globe"; "" for none. */
  readonly icon: string;
  /** 1 is the outermost. */
  readonly level: number;
  /** Undefined for what has no children. */
  readonly expanded: boolean | undefined;
}

/** For what is tried again. */
const quickMilliseconds = 3_000;

export class View {
  readonly #page: Page;
  readonly #pane: Locator;

  /** `name` is what its heading begins with. */
  constructor(page: Page, name: string) {
    this.#page = page;
    this.#pane = page.locator(".sidebar .pane").filter({
      has: page.locator(`.pane-header h3.title:text-matches("^${name}( |$)")`),
    });
  }

  /** The rows just now, from top to bottom, as far as they are in sight. */
  async rows(): Promise<Row[]> {
    const places = ["@data-index", ".label-name", ".label-description", "@aria-label"];
    const more = [".custom-view-tree-node-item-icon@class", "@aria-level", "@aria-expanded"];
    const texts = await readTexts(this.#pane.locator(".monaco-list-row"), [...places, ...more]);
    // A list keeps its elements in whatever order it made them.
    return texts
      .sort(([one], [other]) => Number(one) - Number(other))
      .map(([, label = "", description = "", ariaLabel = "", icon = "", level, expanded]) => ({
        label,
        description,
        ariaLabel,
        icon: /codicon-(\S+)/.exec(icon)?.[1] ?? "",
        level: Number(level),
        expanded: expanded === "" ? undefined : expanded === "true",
      }));
  }

  /** Waits for the row with this label. */
  async row(label: string): Promise<Row> {
    return await eventually(async () => {
      const rows = await this.rows();
      const row = rows.find((each) => each.label === label);
      const inSight = rows.length > 0 ? rows.map((each) => each.label) : await this.#textInSight();
      assert.ok(row, `No row "${label}" among ${JSON.stringify(inSight)}.`);
      return row;
    });
  }

  /** Clicks a row: selects it, and opens or closes it if it has children. */
  async click(label: string): Promise<void> {
    await this.#element(label).click();
  }

  /** Presses one of the buttons that a row shows under the mouse, by the button's title. */
  async inlineAction(label: string, title: string): Promise<void> {
    const row = this.#element(label);
    await row.hover();
    await row.locator(`.actions a[aria-label="${title}"]`).click();
  }

  /** What a row says when the mouse rests on it. */
  async tooltip(label: string): Promise<string> {
    await this.#element(label).hover();
    return await this.#page.locator(".workbench-hover").innerText();
  }

  /** Opens a row's context menu, and gives what it offers. */
  async contextMenu(label: string): Promise<string[]> {
    await this.#element(label).click({ button: "right" });
    const menu = this.#page.locator(".monaco-menu-container");
    await menu.waitFor();
    return (await readTexts(menu.locator(".action-menu-item"), [".action-label"])).flat();
  }

  /**
   * Chooses from a row's context menu. With the keyboard: a menu is deaf to the mouse for a moment after it has opened. One
   * that the workbench closes as it lays itself out anew is opened again.
   */
  async choose(label: string, item: string): Promise<void> {
    const menu = this.#page.locator(".monaco-menu-container");
    const entry = menu.locator(".action-item", {
      has: this.#page.locator(".action-label").getByText(item, { exact: true }),
    });
    await eventually(async () => {
      if (await menu.isVisible()) await this.#page.keyboard.press("Escape");
      await this.contextMenu(label);
      await entry.hover({ timeout: quickMilliseconds });
      await entry.and(this.#page.locator(".focused")).waitFor({ timeout: quickMilliseconds });
      await this.#page.keyboard.press("Enter");
      await menu.waitFor({ state: "hidden", timeout: quickMilliseconds });
    });
  }

  /** Presses one of the buttons beside the view's name, by the button's title. */
  async action(title: string): Promise<void> {
    await this.#pane.hover();
    await this.#pane.locator(`.pane-header .actions a[aria-label="${title}"]`).click();
  }

  /** What stands in an empty view: the text with its buttons, each line one. */
  async welcome(): Promise<string> {
    return await this.#pane.locator(".welcome-view-content").innerText();
  }

  async pressWelcomeButton(text: string): Promise<void> {
    await this.#pane.locator(".welcome-view-content .monaco-button").getByText(text, { exact: true }).click();
  }

  /** For the words of a failure. */
  async #textInSight(): Promise<string> {
    const side = this.#page.locator(".part.sidebar");
    return (await side.isVisible()) ? await side.innerText() : "no side bar";
  }

  #element(label: string): Locator {
    const itself = this.#page.locator(".label-name").getByText(label, { exact: true });
    return this.#pane.locator(".monaco-list-row").filter({ has: itself }).first();
  }
}
