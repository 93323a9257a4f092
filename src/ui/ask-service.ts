/** The question which service a route is to lead to: one that listens now, or a port or URL that is typed. */
import { l10n, type QuickPick, window } from "vscode";
import type { Asking, ServiceChoice } from "./asking.ts";
import { type Answer, type Frame, showStep } from "./multi-step.ts";
import type { Scouting } from "./scouting.ts";
import { isSameChoice, type ServiceItem, serviceItems } from "./service-items.ts";

export interface ServiceQuestion<Draft> {
  /** What is in the box at first. */
  readonly typed: string;
  /** The targets that the route has already, in one line, and the draft that leaves them. */
  readonly kept?: { readonly shown: string; readonly draft: Draft };
  /** The draft with what stands in the box. */
  readonly keep: (typed: string) => Draft;
  readonly take: (choice: ServiceChoice, typed: string) => Draft;
}

export async function askService<Draft>(
  frame: Frame,
  asking: Asking,
  question: ServiceQuestion<Draft>,
): Promise<Answer<Draft>> {
  const { scouting } = asking;
  const pick = window.createQuickPick<ServiceItem>();
  pick.placeholder = l10n.t("Which service? Choose one, or type a port or a URL.");
  pick.value = question.typed;
  pick.keepScrollPosition = true;
  let isTouched = false;
  let offered: ServiceItem | undefined;
  const draw = () => {
    const active = pick.activeItems[0];
    const items = serviceItems(pick.value.trim(), question.kept?.shown, asking);
    pick.items = items;
    pick.busy = scouting.isLooking;
    // Until somebody moves, the best guess is offered, and it gets better as services answer.
    const same = isTouched ? items.find((item) => isSameChoice(item, active)) : undefined;
    offered = same ?? items.find(({ choice }) => choice);
    if (offered) pick.activeItems = [offered];
  };
  draw();
  return showStep(pick, frame, {
    keep: () => question.keep(pick.value),
    listen: (next) => [
      scouting.onDidChange(draw),
      pick.onDidChangeValue(() => {
        isTouched = false;
        draw();
      }),
      pick.onDidChangeActive(([active]) => {
        isTouched = active !== undefined && active !== pick.items.find(({ choice }) => choice);
      }),
      pick.onDidAccept(async () => {
        // While VS Code draws new items, it has none active for a moment.
        const { choice } = pick.activeItems[0] ?? offered ?? {};
        if (choice === "kept" && question.kept) return next(question.kept.draft);
        if (choice === undefined || choice === "kept") return;
        next(question.take(await known(choice, pick, scouting), pick.value));
      }),
    ],
  });
}

/** The domain is suggested by what the service speaks, so that is awaited. */
async function known(
  choice: ServiceChoice,
  pick: QuickPick<ServiceItem>,
  scouting: Scouting,
): Promise<ServiceChoice> {
  if (choice.is !== "service" || choice.service.spoken) return choice;
  pick.enabled = false;
  await scouting.finished();
  const { port } = choice.service;
  const service = scouting.services.find((each) => each.port === port) ?? choice.service;
  return { is: "service", service };
}
