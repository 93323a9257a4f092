/** One view of the side bar: its tree, its actions, and its welcome while the tree is empty. */
import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { eventually } from "./eventually.ts";
import { press } from "./press.ts";
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

/**
 * For what is tried again from its first step: what the mouse has brought into sight goes as the workbench lays itself out
 * anew, and does not come back by itself.
 */
const quick = { timeout: 3_000 };

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
    await this.#pressUnderMouse(this.#element(label), `.actions a[aria-label="${title}"]`);
  }

  /** What a row says when the mouse rests on it. */
  async tooltip(label: string): Promise<string> {
    return await eventually(async () => {
      await this.#element(label).hover(quick);
      return await this.#page.locator(".workbench-hover").innerText(quick);
    });
  }

  /** Opens a row's context menu, and gives what it offers. */
  async contextMenu(label: string): Promise<string[]> {
    return await eventually(async () => {
      await this.#openMenu(label);
      const offers = await readTexts(this.#menu.locator(".action-menu-item"), [".action-label"]);
      assert.notEqual(offers.length, 0, "The menu has closed again.");
      return offers.flat();
    });
  }

  /** Chooses from a row's context menu. With the keyboard: a menu is deaf to the mouse for a moment after it has opened. */
  async choose(label: string, item: string): Promise<void> {
    const entry = this.#menu.locator(".action-item", {
      has: this.#page.locator(".action-label").getByText(item, { exact: true }),
    });
    await eventually(async () => {
      await this.#openMenu(label);
      await entry.hover(quick);
      await entry.and(this.#page.locator(".focused")).waitFor(quick);
      await this.#page.keyboard.press("Enter");
      await this.#menu.waitFor({ state: "hidden", ...quick });
    });
  }

  /** Presses one of the buttons beside the view's name, by the button's title. */
  async action(title: string): Promise<void> {
    await this.#pressUnderMouse(this.#pane, `.pane-header .actions a[aria-label="${title}"]`);
  }

  /** What stands in an empty view: the text with its buttons, each line one. */
  async welcome(): Promise<string> {
    return await this.#pane.locator(".welcome-view-content").innerText();
  }

  async pressWelcomeButton(text: string): Promise<void> {
    await this.#pane.locator(".welcome-view-content .monaco-button").getByText(text, { exact: true }).click();
  }

  get #menu(): Locator {
    return this.#page.locator(".monaco-menu-container");
  }

  /** Once: rejects soon if the menu does not open, or is closed at once. */
  async #openMenu(label: string): Promise<void> {
    if (await this.#menu.isVisible()) await this.#page.keyboard.press("Escape");
    await this.#element(label).click({ button: "right", ...quick });
    await this.#menu.waitFor(quick);
  }

  /** Presses a button, once, that is there only while the mouse is over what it belongs to. */
  async #pressUnderMouse(owner: Locator, button: string): Promise<void> {
    await eventually(async () => {
      await owner.hover(quick);
      await press(owner.locator(button), quick.timeout);
    });
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
