/** What "Diagnose" found, as Markdown. */
import { type Finding, formatFinding } from "../core/diagnosis.ts";
import { inEditorsWords } from "./editors-words.ts";
import type { Localizer } from "./row.ts";

export function findingsText(findings: readonly Finding[], l10n: Localizer): string {
  const wrong = findings.filter(({ state }) => state === "wrong").length;
  const lines = findings.map((finding) => `- ${inEditorsWords(formatFinding(finding, (_, text) => text))}`);
  return [`# Oneport: ${heading(wrong, l10n)}`, "", ...lines, ""].join("\n");
}

function heading(wrong: number, l10n: Localizer): string {
  if (wrong === 0) return l10n.t("All is well.");
  return wrong === 1 ? l10n.t("1 thing is wrong.") : l10n.t("{0} things are wrong.", wrong);
}
