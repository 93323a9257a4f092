/** Opens a route in a browser, where the browser is on the machine that the domain leads to. */
import { commands, env, l10n, UIKind, Uri, window } from "vscode";
import { type Endpoint, urlOf } from "../core/connect-command.ts";

/** The system's browser, or the editor's own. */
export type Browser = "external" | "simple";

export async function openRoute(endpoint: Endpoint, browser: Browser): Promise<void> {
  const url = urlOf(endpoint);
  if (url === undefined) return;
  if (isElsewhere() && !(await wantsItAnyway(endpoint, url))) return;
  if (browser === "simple") await commands.executeCommand("simpleBrowser.show", url);
  else await env.openExternal(Uri.parse(url, true));
}

/** The browser is on the user's machine, while services and mux are on another. */
function isElsewhere(): boolean {
  return env.remoteName !== undefined || env.uiKind === UIKind.Web;
}

/** VS Code forwards ports, but not names. */
async function wantsItAnyway({ name, port }: Endpoint, url: string): Promise<boolean> {
  const copy = l10n.t("Copy URL");
  const open = l10n.t("Open Anyway");
  const message = l10n.t(
    "Oneport runs on another machine than your browser. For the browser, {0} has to lead there: forward port {1} under the same number, and name {0} in the hosts file of your own machine.",
    name,
    port,
  );
  const chosen = await window.showInformationMessage(message, open, copy);
  if (chosen === copy) await env.clipboard.writeText(url);
  return chosen === open;
}
