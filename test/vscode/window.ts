/** A window of VS Code as a person meets it: a page of a browser, driven by what is seen and by the keyboard. */
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Frame, Page } from "playwright-core";
import type { Browser } from "../e2e/browser.ts";
import type { CodeServer } from "./code-server.ts";
import { eventually } from "./eventually.ts";
import { Dialog, Toasts } from "./messages.ts";
import { QuickInput } from "./quick-input.ts";
import { readTexts } from "./read-texts.ts";
import { View } from "./view.ts";

const pictures = fileURLToPath(new URL("../../.cache/screenshots", import.meta.url));

/** A folder, a .code-workspace file, or nothing. */
type Place = { readonly folder: string } | { readonly workspace: string } | "empty";

export class Window implements AsyncDisposable {
  /** For what has no method here. */
  readonly page: Page;
  /** The palette, quick picks and input boxes. */
  readonly input: QuickInput;
  readonly toasts: Toasts;
  readonly dialog: Dialog;

  private constructor(page: Page) {
    this.page = page;
    this.input = new QuickInput(page);
    this.toasts = new Toasts(page);
    this.dialog = new Dialog(page);
  }

  /** A window in a browser profile of its own; it answers the keyboard when this resolves. */
  static async open(browser: Browser, server: CodeServer, place: Place): Promise<Window> {
    const page = await browser.page({
      viewport: { width: 1280, height: 900 },
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const window = new Window(page);
    const query = new URLSearchParams(place === "empty" ? { ew: "true" } : place);
    await page.goto(`${server.url}/?${query}`, { waitUntil: "commit" });
    await window.#ready();
    if (place !== "empty" && "workspace" in place) await window.#untilFoldersAreThere();
    return window;
  }

  /**
   * On a busy machine VS Code in a browser may open a .code-workspace file for the first time before it can read it: it then has
   * no folders until it is loaded anew, which it does by itself only sometimes.
   */
  async #untilFoldersAreThere(): Promise<void> {
    await eventually(async () => {
      const [heading] = await this.page.locator(".explorer-viewlet .pane .title").allTextContents();
      if (heading === "No Folder Opened") await this.reload();
      assert.match(heading ?? "", /\(Workspace\)$/);
    });
  }

  async reload(): Promise<void> {
    await this.page.reload({ waitUntil: "commit" });
    await this.#ready();
  }

  async #ready(): Promise<void> {
    await this.page.locator(".monaco-workbench .part.statusbar").waitFor();
    await this.input.ready();
  }

  /** Runs a command by its whole title, such as "Oneport: Start Mux", as soon as the palette offers it. */
  async command(title: string): Promise<void> {
    await this.input.runCommand(title);
  }

  /** Presses a key or a chord, such as "Enter" or "Control+S". */
  async key(chord: string): Promise<void> {
    await this.page.keyboard.press(chord);
  }

  /** Shows a view container by its name, such as "Oneport", if it is not in sight. */
  async sideBar(title: string): Promise<void> {
    // A badge lies over the link, and its text is added to the name.
    const tab = this.page.locator(`.activitybar li.action-item:has(a[aria-label^="${title}"])`);
    const heading = this.page.locator(`.sidebar .title-label h2:text("${title}")`);
    await tab.waitFor();
    // A window that is being loaded may be about to show it again, and the click hides it then.
    await eventually(async () => {
      if ((await tab.getAttribute("aria-expanded")) !== "true") await tab.click();
      await heading.waitFor({ timeout: 3000 });
    });
  }

  /**
   * Shows the routes, and waits for this one among them. A window of several folders that learns of them late loads itself
   * anew, and shows another side bar then.
   */
  async routesWith(label: string): Promise<View> {
    const view = this.view("Routes");
    await eventually(async () => {
      await this.sideBar("Oneport");
      const labels = (await view.rows()).map((row) => row.label);
      assert.ok(labels.includes(label), `No row "${label}" among ${JSON.stringify(labels)}.`);
    });
    return view;
  }

  /** A view of the side bar by its heading, such as "Routes". */
  view(name: string): View {
    return new View(this.page, name);
  }

  /** The extension's items in the status bar. */
  async statusBar(): Promise<{ readonly text: string; readonly ariaLabel: string }[]> {
    const texts = await readTexts(this.page.locator(`${statusItem}:visible`), ["a", "@aria-label"]);
    return texts.map(([text = "", ariaLabel = ""]) => ({ text: text.trim(), ariaLabel }));
  }

  async clickStatusBar(): Promise<void> {
    await this.page.locator(`${statusItem} a`).first().click();
  }

  /** Opens a file by its whole path. */
  async openFile(path: string): Promise<void> {
    await this.input.openFile(path);
    await this.page.locator(`.editor .tab.active[data-resource-name="${basename(path)}"]`).waitFor();
  }

  /** The lines in sight of the editor that was used last, as they are on the screen. */
  async editorText(): Promise<string> {
    return await this.#linesIn(".part.editor .editor-group-container.active");
  }

  /** The lines in sight of the Output view, such as those of the log. */
  async outputText(): Promise<string> {
    return await this.#linesIn(".part.panel .output-view");
  }

  async #linesIn(part: string): Promise<string> {
    const lines = await readTexts(this.page.locator(`${part} .view-line`), ["@style", ""]);
    const topOf = (style = "") => Number(/top:\s*([\d.]+)/.exec(style)?.[1]);
    return lines
      .sort(([one], [other]) => topOf(one) - topOf(other))
      .map(([, text]) => text)
      .join("\n");
  }

  /** The Problems view, a sentence for each row, such as "Error: … at line 2 and character 5 in …". */
  async problems(): Promise<string[]> {
    await this.command("Problems: Focus on Problems View");
    const rows = this.page.locator(".markers-panel .monaco-list-row");
    return (await readTexts(rows, ["@aria-label"])).flat();
  }

  async clipboard(): Promise<string> {
    return String(await this.page.evaluate("navigator.clipboard.readText()"));
  }

  /** Waits for a webview that has an element for this selector. */
  async webview(selector: string): Promise<Frame> {
    return await eventually(async () => {
      for (const frame of this.page.frames()) {
        if ((await frame.locator(selector).count()) > 0) return frame;
      }
      throw new Error(`No webview has "${selector}".`);
    });
  }

  /** Keeps a picture, for people to look at, in `.cache/screenshots`. */
  async screenshot(name: string): Promise<void> {
    await this.page.screenshot({ path: join(pictures, `${name}.png`) });
  }

  /** Closes the window. Its extension host ends some time after. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.context().close();
  }
}

const statusItem = '.statusbar-item[id^="oneport.oneport."]';
