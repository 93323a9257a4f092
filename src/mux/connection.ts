/** The life of one connection, from its first byte to the service that takes it. Read it from top to bottom. */
import type { SecureContext, TLSSocket } from "node:tls";
import { chooseAlpn } from "../core/alpn.ts";
import type { ClientHello } from "../core/client-hello.ts";
import { hostOf, normalizeName } from "../core/domain.ts";
import { type Problem, problemOf } from "../core/errors.ts";
import type { RouteTable } from "../core/match.ts";
import { tlsAlert } from "../core/tls-alert.ts";
import type { Client } from "./client.ts";
import type { Dialer } from "./dial.ts";
import type { HttpFront } from "./http/front.ts";
import { type Peeked, peek } from "./peek.ts";
import { refuse } from "./refuse.ts";
import { serveStream } from "./stream.ts";
import { terminate } from "./terminate.ts";

export interface ConnectionContext {
  readonly table: RouteTable;
  readonly dialer: Dialer;
  readonly http: HttpFront;
  /** The certificate for a name or an IP address, ready for a handshake; may reject with a OneportError. */
  readonly contextFor: (name: string) => Promise<SecureContext>;
  /** How long a client may take over its first words, and again over the TLS handshake. */
  readonly helloMilliseconds: number;
}

/** Takes an accepted, paused socket over; never rejects. */
export async function serveConnection(client: Client, context: ConnectionContext): Promise<void> {
  const first = await peek(client.socket, context.helloMilliseconds);
  try {
    await serveBy(first, client, context);
  } catch (error) {
    const awaitsServerHello = first.kind === "tls" && !client.secure;
    refuse(client, problemOf(error), awaitsServerHello ? tlsAlert.internalError : undefined);
  }
}

function serveBy(first: Peeked, client: Client, context: ConnectionContext): Promise<void> | void {
  switch (first.kind) {
    case "tls":
      return serveTls(first.hello, client, context);
    case "malformedTls":
      return refuse(client, brokenHello(first.reason), first.alert);
    case "http1":
      return serveHttp1(first.host, client, context);
    case "http2":
      return context.http.serve(client, client.socket, "h2");
    case "postgresTls":
    case "postgresGss":
    case "other":
      return serveUnnamed(client, context);
    case "silent":
      return refuse(client, silence(context.helloMilliseconds));
    case "ended":
      client.socket.destroy();
  }
}

/** By SNI: passed through untouched, or TLS is ended here and what is inside goes on. */
async function serveTls(hello: ClientHello, client: Client, context: ConnectionContext): Promise<void> {
  const { serverName } = hello;
  const name = serverName === undefined ? undefined : normalizeName(serverName);
  const { table, dialer } = context;
  // A client that names nothing, by an IP address for instance, can only mean the default.
  const route = name === undefined ? table.defaultRoute : table.match(name);
  client.matched(
    serverName === undefined ? { by: "nothing" } : { by: "sni", name: name ?? serverName },
    route,
  );
  if (!route || (serverName !== undefined && name === undefined)) {
    return refuse(client, noRoute(serverName), tlsAlert.unrecognizedName);
  }
  if (route.kind === "tls")
    return serveStream(client, route, dialer, () => client.socket, tlsAlert.internalError);

  const alpn = chooseAlpn(route.kind, hello.alpn);
  if (alpn.kind === "noOverlap")
    return refuse(client, noProtocol(hello.alpn), tlsAlert.noApplicationProtocol);
  const protocol = alpn.kind === "chosen" ? alpn.protocol : undefined;
  const secureContext = await context.contextFor(name ?? client.localAddress);
  if (client.socket.destroyed) return;
  const open = (): TLSSocket => terminate(client, secureContext, protocol, context.helloMilliseconds);
  if (route.kind !== "http") return serveStream(client, route, dialer, open, tlsAlert.internalError);
  client.securedName = name;
  context.http.serve(client, open(), protocol === "h2" ? "h2" : "http/1.1");
}

/** By Host: a stream goes whole to its service; all other HTTP is routed request by request. */
function serveHttp1(
  host: string | undefined,
  client: Client,
  context: ConnectionContext,
): Promise<void> | void {
  const name = host === undefined ? undefined : hostOf(host);
  const route = name === undefined ? undefined : context.table.match(name);
  if (name === undefined || !route || route.kind === "http" || route.kind === "tls") {
    return context.http.serve(client, client.socket, "http/1.1");
  }
  client.matched({ by: "host", name }, route);
  return serveStream(client, route, context.dialer, () => client.socket, undefined);
}

/** A protocol that carries no name: the default route takes it, if that one takes any stream. */
function serveUnnamed(client: Client, { table, dialer }: ConnectionContext): Promise<void> | void {
  const route = table.defaultRoute;
  if (route?.kind !== "tcp" && route?.kind !== "tunnel") return refuse(client, noName);
  client.matched({ by: "nothing" }, route);
  return serveStream(client, route, dialer, () => client.socket, undefined);
}

const noName: Problem = {
  code: "no-name",
  message: "The client speaks a protocol that carries no name, and no default route takes it.",
  remedy: 'Connect with TLS and SNI, or give the route "*" a tcp:// target.',
};

function silence(milliseconds: number): Problem {
  return {
    code: "silent-client",
    message: `The client said too little to be told apart within ${milliseconds / 1000} s.`,
    remedy: "If its protocol lets the service speak first, connect with TLS and SNI.",
  };
}

function brokenHello(reason: string): Problem {
  return {
    code: "malformed-hello",
    message: `Its ClientHello is malformed: ${reason}.`,
    remedy: "Correct the client.",
  };
}

function noRoute(serverName: string | undefined): Problem {
  return {
    code: "no-route",
    message:
      serverName === undefined ? "The client named no domain." : `There is no route for ${serverName}.`,
    remedy: `Add it to "oneport.routes" in your settings, or correct the name.`,
  };
}

function noProtocol(offered: readonly string[]): Problem {
  return {
    code: "no-application-protocol",
    message: `The client speaks only ${offered.join(", ")} inside TLS; the route carries HTTP.`,
    remedy: "Give the route a tcp:// target, or let the client offer h2 or http/1.1.",
  };
}
