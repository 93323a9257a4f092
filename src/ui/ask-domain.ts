/** The question which domain a route is for, judged while it is typed. */
import { InputBoxValidationSeverity, l10n } from "vscode";
import { type DomainContext, judgeDomain } from "./judge-domain.ts";
import { type Answer, askText, type Frame } from "./multi-step.ts";

export function askDomain<Draft>(
  frame: Frame,
  context: DomainContext,
  value: string,
  take: (text: string) => Draft,
): Promise<Answer<Draft>> {
  return askText(frame, {
    value,
    prompt: l10n.t("Which domain? For every name under one, write *. before it; for all others, * alone."),
    judge(text) {
      const judgement = judgeDomain(text, context, l10n);
      if (!judgement) return undefined;
      const { Error: wrong, Warning: surprising } = InputBoxValidationSeverity;
      return { message: judgement.text, severity: judgement.isError ? wrong : surprising };
    },
    take,
  });
}
