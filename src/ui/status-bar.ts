/** The item in the status bar: the port and the state, by text and shape; a click asks what to do. */
import { type Disposable, l10n, StatusBarAlignment, type StatusBarItem, ThemeColor, window } from "vscode";
import type { MuxState } from "../core/mux-state.ts";
import { describeMux } from "./mux-words.ts";

export class StatusBar implements Disposable {
  readonly #item: StatusBarItem;

  constructor() {
    this.#item = window.createStatusBarItem("oneport.status", StatusBarAlignment.Left, 10);
    this.#item.name = "Oneport";
    this.#item.command = "oneport.showStatus";
  }

  /** A window that has nothing to do with Oneport does not show it. */
  show(state: MuxState, hasRoutes: boolean): void {
    const { icon, suffix, text, isWrong } = describeMux(state, l10n);
    this.#item.text = `$(${icon}) Oneport${suffix}`;
    this.#item.tooltip = text;
    this.#item.accessibilityInformation = { label: text, role: "button" };
    this.#item.backgroundColor = isWrong ? new ThemeColor("statusBarItem.warningBackground") : undefined;
    if (hasRoutes || state.phase !== "stopped") this.#item.show();
    else this.#item.hide();
  }

  dispose(): void {
    this.#item.dispose();
  }
}
