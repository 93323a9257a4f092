/** What there is to say about the domain of a route while it is typed. */
import { formatDomain, parseDomain } from "../core/domain.ts";
import type { Problem } from "../core/errors.ts";
import type { RouteSummary } from "../core/events.ts";
import { visible } from "../core/printable.ts";
import { parseRoutes } from "../core/route.ts";
import { routeNotes } from "../core/route-notes.ts";
import { problemText } from "./editors-words.ts";
import type { WrittenRoute } from "./route-settings.ts";
import type { Localizer } from "./row.ts";

export interface Judgement {
  readonly text: string;
  /** It cannot be taken; otherwise it may surprise. */
  readonly isError: boolean;
}

export interface DomainContext {
  /** What the route is to say. */
  readonly value: unknown;
  readonly routes: readonly WrittenRoute[];
  /** The one that is being edited: it may keep its domain, also where another place has it too. */
  readonly edited?: WrittenRoute;
  /** All that the mux has, those of other windows too. */
  readonly running: readonly RouteSummary[];
}

/** Undefined when there is nothing to say. */
export function judgeDomain(
  text: string,
  { value, routes, edited, running }: DomainContext,
  l10n: Localizer,
): Judgement | undefined {
  const key = keyOf(text);
  const domain = parseDomain(key);
  if (!domain.ok) return error(domain.error);
  const name = formatDomain(domain.value);
  const others = routes.filter((each) => !isSame(each, edited) && each.fate.is !== "untrusted");
  const rival = others.find((each) => each.domain === name && each.domain !== edited?.domain);
  if (rival) return { text: takenBy(rival, l10n), isError: true };
  const { routes: read, problems } = parseRoutes({ [key]: value });
  const [problem] = problems;
  if (problem) return error(problem);
  const isElsewhere = running.some((each) => each.domain === name) && edited?.domain !== name;
  if (isElsewhere) {
    const said = l10n.t("Another window has a route for {0}, and the first one acts.", visible(name));
    return { text: said, isError: false };
  }
  const [note] = read.flatMap((route) => routeNotes(key, route));
  return note && { text: problemText(note), isError: false };
}

/** How a typed domain is written: in its normal form, but other scripts than Latin as they were typed. */
export function keyOf(text: string): string {
  const typed = text.trim();
  const domain = parseDomain(typed);
  return domain.ok && /^[\x20-\x7e]*$/.test(typed) ? formatDomain(domain.value) : typed;
}

/** Settings are read anew at every change, so a route is known by where it is written. */
function isSame(a: WrittenRoute, b: WrittenRoute | undefined): boolean {
  return a.place.id === b?.place.id && a.key === b.key;
}

function takenBy({ domain, place }: WrittenRoute, l10n: Localizer): string {
  const name = visible(domain);
  if (place.kind === "user") return l10n.t("{0} has a route already, in the user settings.", name);
  if (place.kind === "workspace") return l10n.t("{0} has a route already, in the workspace settings.", name);
  return l10n.t("{0} has a route already, in the settings of the folder {1}.", name, visible(place.name));
}

function error(problem: Problem): Judgement {
  return { text: problemText(problem), isError: true };
}
