/** "Stop Mux": asks for whom, when other windows share it. */
import { l10n, window } from "vscode";
import type { MuxState } from "../core/mux-state.ts";

/** Undefined when the user wants it to go on. */
export async function askForWhom({ session }: MuxState): Promise<{ readonly forAll: boolean } | undefined> {
  const others = session?.windows.filter(({ id }) => id !== session.own) ?? [];
  if (others.length === 0) return { forAll: false };
  const here = l10n.t("Only Here");
  const everywhere = l10n.t("Everywhere");
  const chosen = await window.showWarningMessage(
    l10n.t("Other windows use this mux as well. Stop it for all of them?"),
    { modal: true, detail: others.map(({ name }) => name).join("\n") },
    here,
    everywhere,
  );
  return chosen === undefined ? undefined : { forAll: chosen === everywhere };
}
