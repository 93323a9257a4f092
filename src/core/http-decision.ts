/** What becomes of an HTTP request: refused, sent to another URL, or passed on to the service of its route. */
import { formatDomain } from "./domain.ts";
import type { Problem } from "./errors.ts";
import { passedThrough } from "./http-headers.ts";
import { type Accepted, type BadRequest, checkRequest, type RequestHead } from "./http-request.ts";
import { httpsAuthority } from "./https-port.ts";
import type { RouteTable } from "./match.ts";
import type { Route } from "./route.ts";

export type Decision =
  | { readonly kind: "forward"; readonly route: Route; readonly accepted: Accepted }
  | { readonly kind: "redirect"; readonly route: Route; readonly name: string; readonly location: string }
  | {
      readonly kind: "refuse";
      readonly route: Route | undefined;
      readonly name: string | undefined;
      readonly refusal: HttpRefusal;
    };

/** A Problem with the status that tells it over HTTP. */
export interface HttpRefusal {
  readonly status: number;
  readonly title: string;
  readonly problem: Problem;
}

export interface DecisionContext {
  readonly table: RouteTable;
  /** The listener's port. */
  readonly port: number;
  /** Names this mux, for loop detection. */
  readonly instance: string;
  /** The name that TLS was ended for on this connection, if it was. */
  readonly securedName: string | undefined;
}

export function decide(head: RequestHead, { table, port, instance, securedName }: DecisionContext): Decision {
  const checked = checkRequest(head);
  if (!checked.ok) return refuse(undefined, undefined, malformed(checked.error));
  const accepted = checked.value;
  const { name } = accepted;
  // A browser that reuses this connection for another domain must open one of its own (RFC 9110 §15.5.20).
  if (securedName !== undefined && name !== securedName)
    return refuse(undefined, name, misdirected(name, securedName));
  const route = name === undefined ? table.defaultRoute : table.match(name);
  if (!route) return refuse(undefined, name, unknownDomain(name));
  if (passedThrough(head.headers, instance)) return refuse(route, name, loop(route));
  switch (route.kind) {
    case "http":
      return { kind: "forward", route, accepted };
    case "tls":
      if (name === undefined) return refuse(route, name, notHttp(route));
      return {
        kind: "redirect",
        route,
        name,
        location: `https://${httpsAuthority(name, port)}${accepted.path}`,
      };
    case "tcp":
    case "tunnel":
      return refuse(route, name, notHttp(route));
  }
}

/** The problems that are not a service's fault (RFC 9110 §15.6.4, RFC 5842 §7.2). */
const statusOf: { readonly [code: string]: number } = { "out-of-descriptors": 503, "target-is-mux": 508 };

/** How a service that cannot be reached is told. */
export function unreachable(problem: Problem): HttpRefusal {
  const title = problem.code === "target-down" ? "The service is not up" : "The service cannot be reached";
  return { status: statusOf[problem.code] ?? 502, title, problem };
}

function refuse(route: Route | undefined, name: string | undefined, refusal: HttpRefusal): Decision {
  return { kind: "refuse", route, name, refusal };
}

function malformed({ status, reason }: BadRequest): HttpRefusal {
  return {
    status,
    title: "This request cannot be passed on",
    problem: { code: "bad-request", message: reason, remedy: "Correct the client that sent it." },
  };
}

function misdirected(name: string | undefined, securedName: string): HttpRefusal {
  return {
    status: 421,
    title: "Misdirected request",
    problem: {
      code: "misdirected-request",
      message: `This connection was opened for ${securedName}; it cannot carry a request for ${name ?? "no name"}.`,
      remedy: "Open a connection of its own for that domain; browsers do so by themselves.",
    },
  };
}

function unknownDomain(name: string | undefined): HttpRefusal {
  return {
    status: 404,
    title: name === undefined ? "No domain was named" : "No route for this domain",
    problem: {
      code: "no-route",
      message: name === undefined ? "The request names no domain." : `There is no route for ${name}.`,
      remedy: `Add it to "oneport.routes" in your settings, or correct the URL.`,
    },
  };
}

function loop(route: Route): HttpRefusal {
  return {
    status: 508,
    title: "Loop detected",
    problem: {
      code: "loop-detected",
      message: `The service behind ${formatDomain(route.domain)} sent this request back to Oneport.`,
      remedy: "Give the route the port that the service itself listens on.",
    },
  };
}

function notHttp(route: Route): HttpRefusal {
  return {
    status: 421,
    title: "Not an HTTP service",
    problem: {
      code: "not-http",
      message: `${formatDomain(route.domain)} leads to a service that is not reached by HTTP.`,
      remedy: "Connect to it with a client of its own protocol, on a new connection.",
    },
  };
}
