/** The look-up of a name among the routes. */
import type { Route } from "./route.ts";

/** An immutable table: a change of the routes makes a new one. Of two routes for one domain the first counts. */
export class RouteTable {
  readonly routes: readonly Route[];
  /** The route of `*`, for names that nothing else matches and for connections without a name. */
  readonly defaultRoute: Route | undefined;
  readonly #exact = new Map<string, Route>();
  readonly #wildcard = new Map<string, Route>();

  constructor(routes: readonly Route[]) {
    this.routes = routes;
    this.defaultRoute = routes.find((route) => route.domain.kind === "default");
    for (const route of routes) {
      const { domain } = route;
      if (domain.kind === "exact") addFirst(this.#exact, domain.name, route);
      if (domain.kind === "wildcard") addFirst(this.#wildcard, domain.parent, route);
    }
  }

  /** Exact beats wildcard beats default. `name` is as `normalizeName` or `hostOf` returns it. */
  match(name: string): Route | undefined {
    return this.#exact.get(name) ?? this.#underWildcard(name) ?? this.defaultRoute;
  }

  #underWildcard(name: string): Route | undefined {
    const dot = name.indexOf(".");
    return dot < 0 ? undefined : this.#wildcard.get(name.slice(dot + 1));
  }
}

function addFirst(routes: Map<string, Route>, name: string, route: Route): void {
  if (!routes.has(name)) routes.set(name, route);
}
