/** The question which service a route is to lead to: one that listens now, or a port or URL that is typed. */
import { l10n, type QuickPick, window } from "vscode";
import type { Problem, Result } from "../core/errors.ts";
import type { Asking, ServiceChoice } from "./asking.ts";
import { type Answer, type Frame, showStep } from "./multi-step.ts";
import type { Scouting } from "./scouting.ts";
import { isSameChoice, problemItem, type ServiceItem, serviceItems } from "./service-items.ts";

export interface ServiceQuestion<Draft> {
  /** What is in the box at first. */
  readonly typed: string;
  /** The targets that the route has already, in one line, and the draft that leaves them. */
  readonly kept?: { readonly shown: string; readonly draft: Draft };
  /** The draft with what stands in the box. */
  readonly keep: (typed: string) => Draft;
  /** Fails with why the route cannot lead there. */
  readonly take: (choice: ServiceChoice, typed: string) => Result<Draft>;
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
  let refused: { readonly item: ServiceItem; readonly problem: Problem } | undefined;
  const draw = () => {
    const active = pick.activeItems[0];
    const items = serviceItems(pick.value.trim(), question.kept?.shown, asking).map((item) =>
      refused && isSameChoice(item, refused.item) ? problemItem(refused.problem) : item,
    );
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
        refused = undefined;
        draw();
      }),
      pick.onDidChangeActive(([active]) => {
        isTouched = active !== undefined && active !== pick.items.find(({ choice }) => choice);
      }),
      pick.onDidAccept(async () => {
        // While VS Code draws new items, it has none active for a moment.
        const item = pick.activeItems[0] ?? offered;
        if (item?.choice === "kept" && question.kept) return next(question.kept.draft);
        if (item?.choice === undefined || item.choice === "kept") return;
        const taken = question.take(await known(item.choice, pick, scouting), pick.value);
        if (taken.ok) return next(taken.value);
        refused = { item, problem: taken.error };
        draw();
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
  pick.enabled = true;
  const { port } = choice.service;
  const service = scouting.services.find((each) => each.port === port) ?? choice.service;
  return { is: "service", service };
}
