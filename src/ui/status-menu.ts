/** The menu behind the status bar: what there is to say, and every command that makes sense now. */
import { commands, l10n, type QuickPickItem, QuickPickItemKind, window } from "vscode";
import type { MuxState } from "../core/mux-state.ts";
import type { CommandName } from "./command-names.ts";
import { summarizeServices } from "./mux-words.ts";

interface Choice extends QuickPickItem {
  readonly command?: CommandName;
}

export async function showStatusMenu(state: MuxState, hasRoutes: boolean): Promise<void> {
  const choice = await window.showQuickPick<Choice>(choices(state, hasRoutes), {
    title: title(state),
    placeHolder:
      summarizeServices(state, l10n) ?? state.failure?.message ?? l10n.t("What would you like to do?"),
  });
  if (choice?.command) await commands.executeCommand(`oneport.${choice.command}`);
}

function title({ phase, port }: MuxState): string {
  switch (phase) {
    case "running":
      return l10n.t("Oneport on port {0}", port ?? 0);
    case "starting":
      return l10n.t("Oneport is starting");
    case "stopping":
      return l10n.t("Oneport is stopping");
    case "stopped":
      return l10n.t("Oneport is stopped");
  }
}

function choices({ phase, port }: MuxState, hasRoutes: boolean): Choice[] {
  const choice = (icon: string, label: string, command: CommandName): Choice => ({
    label: `$(${icon}) ${label}`,
    command,
  });
  const group = (label: string): Choice => ({ label, kind: QuickPickItemKind.Separator });
  const running = phase === "running";
  const mux = [
    ...(phase === "stopped" ? [choice("play", l10n.t("Start Mux"), "start")] : []),
    ...(running
      ? [
          choice("debug-stop", l10n.t("Stop Mux"), "stop"),
          choice("debug-restart", l10n.t("Restart Mux"), "restart"),
        ]
      : []),
  ];
  const routes = [
    choice("add", l10n.t("Add Route…"), "addRoute"),
    ...(running && hasRoutes
      ? [
          choice("globe", l10n.t("Open in Browser…"), "openRoute"),
          choice("copy", l10n.t("Copy URL…"), "copyUrl"),
        ]
      : []),
    ...(hasRoutes ? [choice("edit", l10n.t("Edit Route…"), "editRoute")] : []),
  ];
  const machine = [
    choice("pulse", l10n.t("Diagnose"), "diagnose"),
    choice("list-ordered", l10n.t("Update Hosts File…"), "updateHosts"),
    choice("verified", l10n.t("Trust Oneport's Authority…"), "trustAuthority"),
    ...(port === 443 ? [] : [choice("plug", l10n.t("Use Port 443…"), "usePort443")]),
  ];
  const rest = [
    choice("output", l10n.t("Show Log"), "showLog"),
    choice("gear", l10n.t("Open Settings"), "openSettings"),
  ];
  return [
    ...mux,
    group(l10n.t("Routes")),
    ...routes,
    group(l10n.t("This machine")),
    ...machine,
    group(""),
    ...rest,
  ];
}
