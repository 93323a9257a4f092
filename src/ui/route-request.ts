/** A route that a language model asks for: checked whole, before anybody is asked to agree to it. */
import * as v from "valibot";
import { formatDomain, parseDomain } from "../core/domain.ts";
import { fail, ok, type Problem, type Result } from "../core/errors.ts";
import { formatTarget, parseRoutes } from "../core/route.ts";
import { routeNotes } from "../core/route-notes.ts";
import type { SettingsPlace } from "./route-places.ts";
import type { WrittenRoute } from "./route-settings.ts";

/** As package.json declares it. */
const request = v.object({
  domain: v.string(),
  target: v.union([v.string(), v.number()]),
  where: v.exactOptional(v.picklist(["workspace", "user"])),
  replace: v.exactOptional(v.boolean()),
});

export interface PlannedRoute {
  readonly place: SettingsPlace;
  /** Both are plain ASCII: what is agreed to reads as what it is. */
  readonly key: string;
  readonly value: string | number;
  /** What is written in that place for this domain, and is lost. */
  readonly replaces?: WrittenRoute;
  /** What is written for it in other places; the nearer place acts. */
  readonly elsewhere: readonly WrittenRoute[];
  readonly notes: readonly Problem[];
}

/**
 * Where it is not said, a route goes to the workspace, or to the user where no folder is open. Fails with `request-invalid`,
 * `request-place`, `route-exists` or what is wrong with the domain or the target.
 */
export function planRoute(
  input: unknown,
  places: readonly SettingsPlace[],
  routes: readonly WrittenRoute[],
): Result<PlannedRoute> {
  const read = v.safeParse(request, input);
  if (!read.success) return fail(invalid(read.issues[0].message));
  const { domain: written, target, where, replace = false } = read.output;
  const parsed = readRoute(written, target);
  if (!parsed.ok) return parsed;
  const { domain, value, notes } = parsed.value;
  const workspace = places.find(({ kind }) => kind === "workspace");
  const user = places.find(({ kind }) => kind === "user");
  const place = where === "user" ? user : where === "workspace" ? workspace : (workspace ?? user);
  if (!place) return fail(noFolder);

  const same = routes.filter((route) => route.domain === domain);
  const replaces = same.find((route) => route.place.id === place.id);
  if (replaces && !replace) return fail(exists(replaces));
  const elsewhere = same.filter((route) => route.place.id !== place.id);
  return ok({
    place,
    key: replaces?.key ?? domain,
    value,
    elsewhere,
    notes,
    ...(replaces && { replaces }),
  });
}

function readRoute(written: string, target: string | number) {
  const domain = parseDomain(written);
  if (!domain.ok) return domain;
  const key = formatDomain(domain.value);
  const { routes, problems } = parseRoutes({ [key]: target });
  const [route] = routes;
  if (!route) return fail(problems[0] ?? invalid("no route"));
  const isPort = /^\d+$/.test(String(target));
  const value = isPort ? Number(target) : formatTarget(route.targets[0]);
  return ok({ domain: key, value, notes: routeNotes(key, route) });
}

function invalid(what: string): Problem {
  return {
    code: "request-invalid",
    message: `This is no route (${what}).`,
    remedy: 'Give a domain and a target, such as { "domain": "shop.localhost", "target": 3000 }.',
  };
}

const noFolder: Problem = {
  code: "request-place",
  message: "No folder is open, so there are no workspace settings.",
  remedy: 'Give "where": "user", or open a folder.',
};

function exists({ domain, value, place }: WrittenRoute): Problem {
  return {
    code: "route-exists",
    message: `The ${place.kind} settings have a route for ${domain} already: ${JSON.stringify(value)}.`,
    remedy: 'Ask the user, and give "replace": true if that is what they want.',
  };
}
