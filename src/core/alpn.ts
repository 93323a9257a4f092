/** Which application protocol is agreed on where TLS is ended here (RFC 7301). */
import type { RouteKind } from "./route.ts";

export type Alpn =
  | { readonly kind: "chosen"; readonly protocol: string }
  /** The client offered none, and none is agreed on. */
  | { readonly kind: "none" }
  /** The client insists on what cannot be served. */
  | { readonly kind: "noOverlap" };

/**
 * For `http`: HTTP/2 before HTTP/1.1 before HTTP/1.0. For a stream the service's protocol is not known: "http/1.1" where the
 * client has it among others (a browser that also offers h2), else the client's first choice ("postgresql", or the h2 of a
 * gRPC client).
 */
export function chooseAlpn(kind: RouteKind, offered: readonly string[]): Alpn {
  if (offered.length === 0) return { kind: "none" };
  const preferred = kind === "http" ? ["h2", "http/1.1", "http/1.0"] : ["http/1.1", ...offered];
  const protocol = preferred.find((candidate) => offered.includes(candidate) && !isGrease(candidate));
  return protocol === undefined ? { kind: "noOverlap" } : { kind: "chosen", protocol };
}

/** RFC 8701 §3.2: two bytes of no meaning, 0a 0a to fa fa, that are never agreed on. */
function isGrease(name: string): boolean {
  return name.length === 2 && name[0] === name[1] && (name.charCodeAt(0) & 0x0f) === 0x0a;
}
