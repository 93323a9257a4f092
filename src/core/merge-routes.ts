/** Routes from several places (user, workspace, folders) made into the one value that the mux is given. */
import { isDeepStrictEqual } from "node:util";
import { normalKey } from "./domain.ts";
import { isRecord } from "./record.ts";

/** One place where routes are written; `rank` grows with how near to the work it is: 0 user, 1 workspace, 2 folder. */
export interface RoutePlace {
  readonly id: string;
  readonly rank: number;
  /** The value of `oneport.routes` there, as written. */
  readonly value: unknown;
}

/** What becomes of one property of the setting in one place. */
export interface PlacedRoute {
  readonly place: string;
  readonly key: string;
  readonly value: unknown;
  readonly fate:
    | { readonly is: "used" }
    /** A place nearer to the work says something else for this domain. */
    | { readonly is: "replaced"; readonly by: string }
    /** Another folder, which comes first, has this domain with another target. */
    | { readonly is: "conflict"; readonly with: string };
}

export interface MergedRoutes {
  /** To be read by `parseRoutes`. */
  readonly value: Readonly<Record<string, unknown>>;
  readonly routes: readonly PlacedRoute[];
}

/**
 * A nearer place replaces a route of the same domain as a whole, however the domain is spelled. Of two places of one
 * rank the first keeps it; that is a conflict unless they say the same.
 */
export function mergeRoutes(places: readonly RoutePlace[]): MergedRoutes {
  const all = places.flatMap(({ id, rank, value }) =>
    Object.entries(isRecord(value) ? value : {}).map(([key, written]) => ({ id, rank, key, written })),
  );
  const winners = new Map<string, (typeof all)[number]>();
  for (const each of all) {
    const name = normalKey(each.key);
    const before = winners.get(name);
    if (!before || each.rank > before.rank) winners.set(name, each);
  }
  const routes = all.map((each): PlacedRoute => {
    const winner = winners.get(normalKey(each.key)) ?? each;
    const { id: place, key, written: value } = each;
    // Twice in one place is a duplicate, which `parseRoutes` would tell: both keys are passed on.
    if (winner.id === place) return { place, key, value, fate: { is: "used" } };
    if (winner.rank > each.rank) return { place, key, value, fate: { is: "replaced", by: winner.id } };
    const isSame = isDeepStrictEqual(winner.written, value);
    return { place, key, value, fate: isSame ? { is: "used" } : { is: "conflict", with: winner.id } };
  });
  const used = routes.filter(({ fate }) => fate.is === "used");
  return { value: Object.fromEntries(used.map(({ key, value }) => [key, value])), routes };
}
