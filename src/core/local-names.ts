/** The names and addresses that are a machine's own: what every authority of ours is good for, and what needs no question. */
import { canonicalAddress } from "./domain.ts";
import { isLoopbackAddress } from "./loopback.ts";

/** Each of these names and everything under it may be certified. */
export const constrainedNames = ["test", "localhost", "internal", "home.arpa", "example"] as const;
export const constrainedAddresses = ["127.0.0.0/8", "::1/128"];

/**
 * Can a leaf for this name be valid under an authority that is good for `names`? Every authority of ours is good for
 * `constrainedNames`. `name` is a lower-case DNS name or an IP literal.
 */
export function isWithinAuthority(name: string, names: readonly string[] = constrainedNames): boolean {
  const address = canonicalAddress(name);
  if (address !== undefined) return isLoopbackAddress(address);
  return names.some((parent) => name === parent || name.endsWith(`.${parent}`));
}
