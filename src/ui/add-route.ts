/** "Add Route…": which service, which domain, where it is kept. */
import { l10n } from "vscode";
import { ok } from "../core/errors.ts";
import type { Service } from "../core/service.ts";
import { askDomain } from "./ask-domain.ts";
import { askPlace, placesFor } from "./ask-place.ts";
import { askService } from "./ask-service.ts";
import { Asking, type Plan, type RouteEditing } from "./asking.ts";
import { keyOf } from "./judge-domain.ts";
import { askInSteps, type Step } from "./multi-step.ts";
import type { SettingsPlace } from "./route-places.ts";
import { showProblem } from "./show-problem.ts";

interface Draft {
  /** What stands in the first step's box. */
  readonly typed: string;
  readonly plan: Plan;
  readonly domain: string;
  /** Undefined: the first that makes sense. */
  readonly place: SettingsPlace | undefined;
}

const empty: Draft = {
  typed: "",
  plan: { targets: 0, domain: "", folder: undefined },
  domain: "",
  place: undefined,
};

/** With a service, the first question is answered. Was a route written? Says itself why it could not be. */
export async function addRoute(editing: RouteEditing, service?: Service): Promise<boolean> {
  using asking = await Asking.begin(editing);
  if (!service) asking.look();
  const draft = await askInSteps(
    l10n.t("Add Route"),
    service ? withPlan(empty, asking.plan({ is: "service", service })) : empty,
    [
      ...(service ? [] : [serviceStep(asking)]),
      domainStep(asking),
      ...(placesFor(undefined).length > 1 ? [placeStep] : []),
    ],
  );
  const place = draft && (draft.place ?? placesFor(draft.plan.folder)[0]);
  if (!place) return false;
  const written = await editing.edits.writeRoute(place, keyOf(draft.domain), draft.plan.targets);
  if (!written.ok) await showProblem(written.error);
  return written.ok;
}

/** A domain that somebody has typed is not replaced by another suggestion. */
function withPlan(draft: Draft, plan: Plan): Draft {
  const isSuggested = draft.domain === draft.plan.domain;
  return { ...draft, plan, domain: isSuggested ? plan.domain : draft.domain };
}

function serviceStep(asking: Asking): Step<Draft> {
  return (draft, frame) =>
    askService(frame, asking, {
      typed: draft.typed,
      keep: (typed) => ({ ...draft, typed }),
      take: (choice, typed) => ok({ ...withPlan(draft, asking.plan(choice)), typed }),
    });
}

function domainStep({ routes, running }: Asking): Step<Draft> {
  return (draft, frame) => {
    const context = { value: draft.plan.targets, routes, running };
    return askDomain(frame, context, draft.domain, (domain) => ({ ...draft, domain }));
  };
}

const placeStep: Step<Draft> = (draft, frame) =>
  askPlace(frame, placesFor(draft.plan.folder), draft.place, (place) => ({ ...draft, place }));
