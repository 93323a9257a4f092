/** "Stop Mux": asks for whom, when other windows share it. */
import { l10n, window } from "vscode";
import type { MuxHost } from "./mux-host.ts";

/** Did it stop here? */
export async function stopMux(host: MuxHost): Promise<boolean> {
  const { session } = host.state;
  const others = session?.windows.filter(({ id }) => id !== session.own) ?? [];
  if (others.length === 0) {
    await host.stop();
    return true;
  }
  const here = l10n.t("Only Here");
  const everywhere = l10n.t("Everywhere");
  const chosen = await window.showWarningMessage(
    l10n.t("Other windows use this mux as well. Stop it for all of them?"),
    { modal: true, detail: others.map(({ name }) => name).join("\n") },
    here,
    everywhere,
  );
  if (chosen === undefined) return false;
  await host.stop({ forAll: chosen === everywhere });
  return true;
}
