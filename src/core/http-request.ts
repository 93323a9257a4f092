/** What a request must be like to be passed on, and for whom it is: the strictness that keeps two parsers of one mind. */
import { hostOf } from "./domain.ts";
import { fail, ok, type Result } from "./errors.ts";
import { type Headers, valuesOf } from "./http-headers.ts";

export interface RequestHead {
  readonly version: "1.0" | "1.1" | "2";
  readonly method: string;
  /** The request target as sent; `:path` in HTTP/2. */
  readonly target: string;
  /** `:authority`; HTTP/2 only. */
  readonly authority?: string;
  readonly headers: Headers;
}

export interface Accepted {
  /** What the client calls the service, with its port if it said one; absent only in HTTP/1.0. */
  readonly authority: string | undefined;
  /** The name in `authority`, normalised. */
  readonly name: string | undefined;
  /** The target in origin form, or "*". */
  readonly path: string;
}

/** A request refused for its form: the HTTP status to answer, and what is wrong with it in one sentence. */
export interface BadRequest {
  readonly status: 400 | 501 | 505;
  readonly reason: string;
}

export function checkRequest(head: RequestHead): Result<Accepted, BadRequest> {
  // RFC 9110 §9.1: methods are case-sensitive; Node sends each in upper case, and would make a "get" a GET.
  if (/[a-z]/.test(head.method)) return bad("The request's method is not in upper case.", 501);
  // RFC 9110 §9.3.6: CONNECT asks for a forward proxy, which this is not.
  if (head.method === "CONNECT") return bad("CONNECT is for forward proxies; this is not one.", 501);
  const framing = checkFraming(head);
  if (framing) return framing;
  const hosts = valuesOf(head.headers, "host");
  if (hosts.length > 1) return bad("The request has more than one Host header.");
  return head.version === "2" ? checkAuthority(head, hosts[0]) : checkTarget(head, hosts[0]);
}

/** RFC 9112 §6.1: a length said twice is how one request is smuggled inside another. */
function checkFraming({ version, headers }: RequestHead): Result<never, BadRequest> | undefined {
  const codings = valuesOf(headers, "transfer-encoding");
  const lengths = valuesOf(headers, "content-length");
  if (lengths.length > 1) return bad("The request has more than one Content-Length header.");
  if (lengths[0] !== undefined && !/^\d{1,15}$/.test(lengths[0]))
    return bad("The request's Content-Length is not a number.");
  if (codings.length === 0) return undefined;
  if (version !== "1.1") return bad(`Transfer-Encoding has no place in HTTP/${version}.`);
  if (lengths.length > 0) return bad("The request has both Transfer-Encoding and Content-Length.");
  if (codings.length > 1 || codings[0]?.toLowerCase() !== "chunked") {
    return bad("Only the transfer encoding “chunked” is understood.", 501);
  }
  return undefined;
}

/** RFC 9113 §8.3.1: `:authority` names the service, and a Host beside it must say the same. */
function checkAuthority(head: RequestHead, host: string | undefined): Result<Accepted, BadRequest> {
  const authority = head.authority ?? host;
  if (authority === undefined) return bad("The request names no authority.");
  if (host !== undefined && host.toLowerCase() !== authority.toLowerCase()) {
    return bad("The request's Host header and its :authority differ.");
  }
  // RFC 9113 §8.3.1: whatever the scheme says, a URL here would be taken for another service's.
  if (!isPath(head)) return bad("The request's :path is not a path.");
  return named(authority, head.target);
}

/** RFC 9112 §3.2: origin form, absolute form, or "*" for OPTIONS. */
function checkTarget(head: RequestHead, host: string | undefined): Result<Accepted, BadRequest> {
  if (host === undefined && head.version === "1.1") return bad("The request has no Host header.");
  if (isPath(head)) {
    return host === undefined
      ? ok({ authority: undefined, name: undefined, path: head.target })
      : named(host, head.target);
  }
  const absolute = /^https?:\/\/([^/?#]*)([^#]*)$/i.exec(head.target);
  const authority = absolute?.[1];
  if (!authority) return bad("The request target is neither a path nor a URL.");
  if (host !== undefined && host.toLowerCase() !== authority.toLowerCase()) {
    return bad("The request target and the Host header name different services.");
  }
  const rest = absolute[2] ?? "";
  return named(authority, rest.startsWith("/") ? rest : `/${rest}`);
}

function isPath({ method, target }: RequestHead): boolean {
  return target.startsWith("/") || (target === "*" && method === "OPTIONS");
}

function named(authority: string, path: string): Result<Accepted, BadRequest> {
  const name = hostOf(authority);
  return name === undefined ? bad("The request's Host is not a host name.") : ok({ authority, name, path });
}

function bad(reason: string, status: BadRequest["status"] = 400): Result<never, BadRequest> {
  return fail({ status, reason });
}
