/** Opens VS Code's settings where Oneport's can be changed. */
import { commands, env } from "vscode";

/** Those of the machine stand only among the remote settings when the window works on another one. `query` is for the search box. */
export async function openSettings(query: string): Promise<void> {
  if (env.remoteName === undefined) await commands.executeCommand("workbench.action.openSettings", query);
  else await commands.executeCommand("workbench.action.openRemoteSettings", { query });
}
