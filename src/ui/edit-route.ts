/** Changes of a route that is written already, by the same questions as for a new one. */
import { l10n } from "vscode";
import { ok, type Result } from "../core/errors.ts";
import { visible } from "../core/printable.ts";
import { askDomain } from "./ask-domain.ts";
import { askService } from "./ask-service.ts";
import { Asking, type RouteEditing } from "./asking.ts";
import { keyOf } from "./judge-domain.ts";
import { askInSteps, type Step } from "./multi-step.ts";
import type { WrittenRoute } from "./route-settings.ts";
import { showProblem } from "./show-problem.ts";
import { domainForCopy } from "./suggest-domain.ts";
import { shownTargets, withTargets } from "./typed-target.ts";

interface Draft {
  /** What stands in the box where the service is asked. */
  readonly typed: string;
  /** What is written for the route. */
  readonly value: unknown;
  readonly domain: string;
}

/** The service, then the domain. Options stay as they are. */
export async function editRoute(editing: RouteEditing, route: WrittenRoute): Promise<void> {
  using asking = await Asking.begin(editing);
  asking.look();
  const draft = await askInSteps(l10n.t("Edit Route"), draftOf(route), [
    serviceStep(asking, route),
    domainStep(asking, route),
  ]);
  if (!draft) return;
  const { place, key } = route;
  const newKey = draft.domain === key ? key : keyOf(draft.domain);
  const { edits } = editing;
  await report(
    newKey === key
      ? edits.writeRoute(place, key, draft.value)
      : edits.renameRoute(place, key, newKey, draft.value),
  );
}

export async function changeTarget(editing: RouteEditing, route: WrittenRoute): Promise<void> {
  using asking = await Asking.begin(editing);
  asking.look();
  const title = l10n.t("Change Target of {0}", visible(route.domain));
  const draft = await askInSteps(title, draftOf(route), [serviceStep(asking, route)]);
  if (draft) await report(editing.edits.writeRoute(route.place, route.key, draft.value));
}

/** The same under another domain, in the same place. */
export async function duplicateRoute(editing: RouteEditing, route: WrittenRoute): Promise<void> {
  using asking = await Asking.begin(editing);
  const copy = { ...draftOf(route), domain: domainForCopy(route.domain, asking.taken) };
  const title = l10n.t("Duplicate {0}", visible(route.domain));
  const draft = await askInSteps(title, copy, [domainStep(asking)]);
  if (draft) await report(editing.edits.writeRoute(route.place, keyOf(draft.domain), draft.value));
}

function draftOf({ key, value }: WrittenRoute): Draft {
  return { typed: "", value, domain: key };
}

function serviceStep(asking: Asking, route: WrittenRoute): Step<Draft> {
  const shown = shownTargets(route.value);
  return (draft, frame) =>
    askService(frame, asking, {
      typed: draft.typed,
      ...(shown !== undefined && { kept: { shown, draft: { ...draft, value: route.value } } }),
      keep: (typed) => ({ ...draft, typed }),
      take(choice, typed) {
        const { targets } = asking.plan(choice);
        const value = withTargets(route.value, targets);
        return value.ok ? ok({ ...draft, typed, value: value.value }) : value;
      },
    });
}

function domainStep({ routes, running }: Asking, edited?: WrittenRoute): Step<Draft> {
  return (draft, frame) => {
    const context = { value: draft.value, routes, running, ...(edited && { edited }) };
    return askDomain(frame, context, draft.domain, (domain) => ({ ...draft, domain }));
  };
}

async function report(writing: Promise<Result<unknown>>): Promise<void> {
  const written = await writing;
  if (!written.ok) await showProblem(written.error);
}
