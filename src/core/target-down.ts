/** A target that is not up: the same words for who is refused because of it and for who has it looked at. */
import type { Problem } from "./errors.ts";
import { formatTarget, type Target } from "./route.ts";

/** `reason` is what connecting to it failed with; `hasAddress`: its host is known, so what lacks is the service. */
export function targetDown(target: Target, reason: string, hasAddress: boolean): Problem {
  return {
    code: "target-down",
    message: `${formatTarget(target)} is not up: ${reason}.`,
    remedy: hasAddress
      ? `Start the service on port ${target.port}, or correct the route's target.`
      : `Correct the host in the route's target, or have "${target.host}" resolve.`,
  };
}
