/** What may surprise about a route that works: things that clients do with a name, whatever Oneport does. */
import { isWithinAuthority } from "./local-names.ts";
import { isLocalhost } from "./loopback.ts";
import { isStreamRoute, type Route, type RouteProblem } from "./route.ts";
import { isHttpsOnly, isMulticast } from "./top-level-domains.ts";
import { shown } from "./wording.ts";

/** The notes on the route that is written under `key`, each at that key. */
export function routeNotes(key: string, route: Route): readonly RouteProblem[] {
  const note = noteOn(key, route);
  return note ? [{ ...note, path: [key], part: "key" }] : [];
}

/** One is enough: whoever takes the advice is rid of the others too. */
function noteOn(key: string, route: Route): Pick<RouteProblem, "code" | "message" | "remedy"> | undefined {
  const { domain } = route;
  if (domain.kind === "default") return undefined;
  const name = domain.kind === "exact" ? domain.name : domain.parent;
  const remedy = `Write ${shown(underTest(key))}.`;
  if (isLocalhost(name)) {
    if (!isStreamRoute(route)) return undefined;
    const message = `${shown(key)} cannot have an address of its own: only clients that send its name by TLS reach it.`;
    return { code: "note-localhost-stream", message, remedy };
  }
  if (isMulticast(name)) {
    const message =
      "Names under .local are asked for in the local network: look-ups are slow, and others may answer.";
    return { code: "note-multicast", message, remedy };
  }
  if (isHttpsOnly(name)) {
    const message = `Browsers take ${shown(key)} by HTTPS only, and let nobody past a certificate they do not trust.`;
    return { code: "note-https-only", message, remedy };
  }
  if (isWithinAuthority(name)) return undefined;
  const message = `${shown(key)} can be somebody's on the Internet, and the authority may not certify it.`;
  return { code: "note-public-name", message, remedy };
}

/** RFC 6761 §6.2 keeps `test` for just this. */
function underTest(key: string): string {
  return `${key.replace(/\.$/, "").replace(/\.[^.]*$/, "")}.test`;
}
