/** The item in the status bar: the port and the state, by text and shape; a click asks what to do. */
import { type Disposable, l10n, StatusBarAlignment, type StatusBarItem, ThemeColor, window } from "vscode";
import type { MuxState } from "../core/mux-state.ts";

export class StatusBar implements Disposable {
  readonly #item: StatusBarItem;

  constructor() {
    this.#item = window.createStatusBarItem("oneport.status", StatusBarAlignment.Left, 10);
    this.#item.name = "Oneport";
    this.#item.command = "oneport.showStatus";
  }

  /** A window that has nothing to do with Oneport does not show it. */
  show(state: MuxState, hasRoutes: boolean): void {
    const { icon, suffix, text, isWrong } = describe(state);
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

interface Description {
  readonly icon: string;
  readonly suffix: string;
  /** The same in words. */
  readonly text: string;
  readonly isWrong: boolean;
}

function describe(state: MuxState): Description {
  switch (state.phase) {
    case "stopped":
      return describeStopped(state);
    case "starting":
      return { icon: "loading~spin", suffix: "", text: l10n.t("Oneport is starting."), isWrong: false };
    case "stopping":
      return { icon: "loading~spin", suffix: "", text: l10n.t("Oneport is stopping."), isWrong: false };
    case "running":
      return describeRunning(state);
  }
}

function describeStopped({ problems }: MuxState): Description {
  const problem = problems.at(-1);
  if (!problem) {
    return { icon: "debug-stop", suffix: "", text: l10n.t("Oneport is stopped."), isWrong: false };
  }
  const text = l10n.t("Oneport is stopped: {0}", problem.message);
  return { icon: "error", suffix: "", text, isWrong: true };
}

function describeRunning({ port = 0, targets, routes, isOverloaded }: MuxState): Description {
  const down = [...targets.values()].filter(({ state }) => state === "down").length;
  const listening = l10n.t("Oneport listens on port {0} with {1} routes.", port, routes.length);
  const suffix = ` :${port}`;
  if (isOverloaded) {
    const text = l10n.t("{0} Too many connections are open; more are turned away.", listening);
    return { icon: "warning", suffix, text, isWrong: true };
  }
  if (down > 0) {
    const text = l10n.t("{0} {1} services are down.", listening, down);
    return { icon: "radio-tower", suffix: `${suffix} $(arrow-down)${down}`, text, isWrong: false };
  }
  return { icon: "radio-tower", suffix, text: listening, isWrong: false };
}
