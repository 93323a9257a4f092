/** A route's targets: as they are typed into one line, shown in one, and put into what is written. */
import { fail, ok, type Result } from "../core/errors.ts";
import { parseTarget } from "../core/parse-target.ts";
import { isRecord } from "../core/record.ts";
import { formatTarget, parseRoutes } from "../core/route.ts";

/** As `oneport.routes` has it. */
export type TargetValue = number | string | readonly (number | string)[];

/** One port or URL, or several between commas. Fails with what is wrong with the first that is no target. */
export function readTyped(text: string): Result<TargetValue> {
  const whole = asWritten(text);
  const target = parseTarget(whole);
  if (target.ok || !text.includes(",")) return target.ok ? ok(whole) : target;
  const values = text.split(",").map(asWritten);
  // What can be wrong with several targets is wrong whatever the domain is.
  const [problem] = parseRoutes({ "*": values }).problems;
  return problem ? fail(problem) : ok(values);
}

function asWritten(typed: string): number | string {
  const text = typed.trim();
  return /^\d+$/.test(text) ? Number(text) : text;
}

/** The targets of what is written for a route, in one line; undefined where none can be read. */
export function shownTargets(value: unknown): string | undefined {
  const { routes, disabled } = parseRoutes({ "*": value });
  const targets = routes[0]?.targets ?? disabled[0]?.targets ?? [];
  return targets.length > 0 ? targets.map(formatTarget).join(", ") : undefined;
}

/**
 * What is written for a route, with other targets and its options as they were. Fails where one of these does not go with the
 * targets, or is wrong by itself: the route would no longer act.
 */
export function withTargets(value: unknown, targets: TargetValue): Result<unknown> {
  const changed = isRecord(value) ? { ...value, to: targets } : targets;
  const [problem] = parseRoutes({ "*": changed }).problems;
  return problem ? fail(problem) : ok(changed);
}
