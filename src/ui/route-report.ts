/** The mux and its routes as data that a language model can read. */
import { urlOf } from "../core/connect-command.ts";
import type { MuxState } from "../core/mux-state.ts";
import { problemText } from "./editors-words.ts";
import type { RouteFacts } from "./route-facts.ts";

export function reportRoutes({ phase, port, failure }: MuxState, routes: readonly RouteFacts[]) {
  return {
    mux: { phase, port, problem: failure?.message },
    routes: routes.map(reportRoute),
  };
}

/** What is undefined is left out by JSON. */
function reportRoute(facts: RouteFacts) {
  const { domain, state, kind, targets, endpoint, address, resolves, open, refusal, problems, written } =
    facts;
  return {
    domain,
    state,
    kind,
    url: endpoint && urlOf(endpoint),
    targets: targets.map(({ url, health }) => ({ url, ...health })),
    address,
    resolves,
    openConnections: open?.count,
    lastFailure: refusal?.message,
    problems: problems.length > 0 ? problems.map(problemText) : undefined,
    writtenIn: written?.place.name ?? "another window",
  };
}
