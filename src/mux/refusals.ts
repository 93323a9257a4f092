/** Why a connection is refused, in words for the log. */
import type { Problem } from "../core/errors.ts";

export const noName: Problem = {
  code: "no-name",
  message: "The client speaks a protocol that carries no name, and no default route takes it.",
  remedy:
    'Connect to the address of the domain\'s own, or with TLS and SNI, or give the route "*" a tcp:// target.',
};

export function silence(milliseconds: number): Problem {
  return {
    code: "silent-client",
    message: `The client said too little to be told apart within ${milliseconds / 1000} s.`,
    remedy: "If its protocol lets the service speak first, connect to the address of the domain's own.",
  };
}

export function brokenHello(reason: string): Problem {
  return {
    code: "malformed-hello",
    message: `The client's ClientHello is malformed: ${reason}.`,
    remedy: "Correct the client.",
  };
}

export function brokenProxyHeader(reason: string): Problem {
  return {
    code: "malformed-proxy-header",
    message: `The PROXY header is malformed: ${reason}.`,
    remedy: 'Correct the proxy in front, or take its address out of "oneport.acceptProxy".',
  };
}

export function noRoute(serverName: string | undefined): Problem {
  return {
    code: "no-route",
    message:
      serverName === undefined ? "The client named no domain." : `There is no route for ${serverName}.`,
    remedy: `Add it to "oneport.routes" in your settings, or correct the name.`,
  };
}

export function noProtocol(offered: readonly string[]): Problem {
  return {
    code: "no-application-protocol",
    message: `The client speaks only ${offered.join(", ")} inside TLS; the route carries HTTP.`,
    remedy: "Give the route a tcp:// target, or let the client offer h2 or http/1.1.",
  };
}

export const notForPostgres: Problem = {
  code: "not-a-stream",
  message: "A PostgreSQL client asked for a route that carries HTTP.",
  remedy: "Give the route a tcp:// or tls:// target.",
};
