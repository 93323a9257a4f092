/** A target that is not up: the same words for who is refused because of it and for who has it looked at. */
import { messageOf, type Problem, systemCode } from "./errors.ts";
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

/** The reason for a port that refuses. */
export const unheard = "nothing listens there";

/** The reason for a host whose address nobody knows. */
export const unresolved = "its name does not resolve";

/** Why a connection was not made, in words. */
export function unreachedBecause(error: unknown): string {
  switch (systemCode(error)) {
    case "ECONNREFUSED":
      return unheard;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return unresolved;
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "there is no way to that machine";
    // Linux says so of a machine without IPv6, and where every port is taken by a connection.
    case "EADDRNOTAVAIL":
    case "EAFNOSUPPORT":
      return "this machine has no address, or no free port, to call it from";
    default:
      return messageOf(error);
  }
}
