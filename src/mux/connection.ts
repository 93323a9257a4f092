/** The life of one connection, from its first byte to the service that takes it. Read it from top to bottom. */
import type { Socket } from "node:net";
import type { ClientHello } from "../core/client-hello.ts";
import { formatDomain, hostOf, normalizeName } from "../core/domain.ts";
import { type Problem, problemOf } from "../core/errors.ts";
import { readWebSocketRequest, type WebSocketRead } from "../core/http-head.ts";
import type { RouteTable } from "../core/match.ts";
import { declined, errorResponse, granted, requestLength } from "../core/postgres.ts";
import { isStreamRoute, type Route, type StreamRoute } from "../core/route.ts";
import { type Sniff, sniff, sniffEncryption } from "../core/sniff.ts";
import { alertRecord, tlsAlert } from "../core/tls-alert.ts";
import type { Bridge } from "./bridge.ts";
import type { Client } from "./client.ts";
import { firstWord } from "./first-word.ts";
import type { HttpFront } from "./http/front.ts";
import { type Peeked, peek, take } from "./peek.ts";
import * as why from "./refusals.ts";
import { refuse } from "./refuse.ts";
import { type Dialling, dialService, type Opening, type ServiceContext } from "./service.ts";
import type { End } from "./splice.ts";
import { serveStream } from "./stream.ts";
import { takeProxyHeader } from "./take-proxy-header.ts";
import { prepareTls, type TlsContext } from "./terminate.ts";

export interface ConnectionContext extends ServiceContext, TlsContext {
  /** The one in force. */
  readonly table: () => RouteTable;
  readonly http: HttpFront;
  readonly bridge: Bridge;
  /** The route whose own this loopback address is. */
  readonly routeAt: (address: string) => StreamRoute | undefined;
  /** Whether a PROXY header from this address is to be believed. */
  readonly believesProxy: (address: string) => boolean;
}

/** A route that the client chose by dialling its own address, and the service on its way. */
interface Own {
  readonly route: StreamRoute;
  readonly dialling: Dialling;
}

type First = Peeked<Sniff>;

/** A proxy sends its header with the first packet; this is how long it may take on the way. */
const proxyMilliseconds = 200;

/** Takes an accepted, paused socket over; never rejects. */
export async function serveConnection(client: Client, context: ConnectionContext): Promise<void> {
  try {
    const route = context.routeAt(client.localAddress);
    if (context.believesProxy(client.address)) {
      // Behind an address of its own an ordinary client may well be waiting for the service's first words.
      const patience = route ? proxyMilliseconds : context.helloMilliseconds();
      if (!(await takeProxyHeader(client, patience))) return;
    }
    if (route) return await serveAddress(route, client, context);
    const { seen, bytes } = await take(client.socket, sniff, context.helloMilliseconds());
    client.keep(bytes);
    await serveBy(seen, client, context);
  } catch (error) {
    refuse(client, problemOf(error));
  }
}

/** By the address that was dialled: for protocols that carry no name, or in which the server speaks first. */
async function serveAddress(route: StreamRoute, client: Client, context: ConnectionContext): Promise<void> {
  client.matched({ by: "address", name: client.localAddress }, route);
  const own = { route, dialling: dialService(client, route, context) };
  if (!route.tls && !route.webSocketBridge) return serveStream(client, own.dialling, () => clear(client));
  return serveOwn(
    await firstWord(client.socket, readOwn(route), own.dialling, context.helloMilliseconds()),
    own,
    client,
    context,
  );
}

/** What is to be told apart there. */
function readOwn({ webSocketBridge }: Route): (bytes: Buffer, seen: number) => Sniff | WebSocketRead {
  return (bytes, seen) => {
    const encryption = sniffEncryption(bytes);
    return encryption.kind === "other" && webSocketBridge ? readWebSocketRequest(bytes, seen) : encryption;
  };
}

/** TLS is ended, unless it is the service's; everything else goes to the service as it is. */
function serveOwn(
  first: First | WebSocketRead,
  own: Own,
  client: Client,
  context: ConnectionContext,
): Promise<void> | void {
  if (first.kind === "tls") return serveTls(first.hello, client, context, own);
  const asksForTls = first.kind === "postgresTls" || first.kind === "postgresGss";
  if (asksForTls && own.route.kind !== "tls") return servePostgres(first.kind, client, context, own);
  if (first.kind === "webSocket") {
    return serveBridge(client.socket, own.dialling, client, context);
  }
  return serveStream(client, own.dialling, () => clear(client), {
    farewell: first.kind === "postgresStartup" ? tellPostgres : undefined,
    said: first.kind === "ended" ? first.bytes : undefined,
  });
}

function serveBy(first: First, client: Client, context: ConnectionContext): Promise<void> | void {
  if (first.kind === "tls") return serveTls(first.hello, client, context);
  if (first.kind !== "ended") client.putBack();
  switch (first.kind) {
    case "malformedTls":
      return refuse(client, why.brokenHello(first.reason), alertRecord(first.alert));
    case "http1":
      return serveHttp1(first.host, client, context);
    case "http2":
      return context.http.serve(client, client.socket, "h2");
    case "postgresTls":
    case "postgresGss":
      return servePostgres(first.kind, client, context);
    case "postgresStartup":
      return serveUnnamed(client, context, tellPostgres);
    case "other":
      return serveUnnamed(client, context);
    case "silent":
      return refuse(client, why.silence(context.helloMilliseconds()));
    case "ended":
      // More will never come, so it is none of the protocols that it might have become.
      if (first.bytes.length > 0 && unnamedRoute(context)) {
        return serveUnnamed(client, context, undefined, first.bytes);
      }
      client.socket.destroy();
  }
}

/** By SNI: passed through untouched, or TLS is ended here and what is inside goes on. */
function serveTls(
  hello: ClientHello,
  client: Client,
  context: ConnectionContext,
  own?: Own,
  opening: Opening = "none",
): Promise<void> | void {
  const { serverName } = hello;
  const name = serverName === undefined ? undefined : normalizeName(serverName);
  const route = routeFor(serverName, name, context.table(), own);
  const chosen = own?.route === route ? own : undefined;
  if (!chosen) {
    own?.dialling.abandon();
    client.matched(
      serverName === undefined ? { by: "nothing" } : { by: "sni", name: name ?? serverName },
      route,
    );
  }
  if (!route) return refuse(client, why.noRoute(serverName), alertRecord(tlsAlert.unrecognizedName));
  const dial = (to: StreamRoute) => chosen?.dialling ?? dialService(client, to, context, opening);
  if (isStreamRoute(route) && route.kind === "tls") {
    return serveStream(client, dial(route), () => clear(client), {
      farewell: tellTls,
      said: client.takeKept(),
    });
  }
  client.putBack();
  if (!isStreamRoute(route) && opening === "postgres") return refuse(client, why.notForPostgres, tellTls());
  const named = name ?? (chosen && formatDomain(route.domain));
  return endTls(hello, named, route, client, context, dial);
}

/** What is inside is HTTP, a stream, or a stream in a WebSocket. */
async function endTls(
  hello: ClientHello,
  name: string | undefined,
  route: Route,
  client: Client,
  context: ConnectionContext,
  dial: (to: StreamRoute) => Dialling,
): Promise<void> {
  const tls = await prepareTls(hello, name, route, client, context);
  if (!tls) return;
  if (!isStreamRoute(route)) {
    client.securedName = name;
    return context.http.serve(client, tls.end(), tls.protocol === "h2" ? "h2" : "http/1.1");
  }
  if (route.webSocketBridge) return serveBridge(tls.end(), dial(route), client, context);
  const open = () => ({ stream: tls.end(), raw: client.socket });
  return serveStream(client, dial(route), open, { farewell: tellTls });
}

/** A name that has a route of its own wins over the address that was dialled; without either only the default is left. */
function routeFor(
  serverName: string | undefined,
  name: string | undefined,
  table: RouteTable,
  own: Own | undefined,
): Route | undefined {
  const named = name === undefined ? undefined : table.match(name);
  if (own) return named === undefined || named === table.defaultRoute ? own.route : named;
  return serverName === undefined ? table.defaultRoute : named;
}

/** PostgreSQL asks in the clear whether there is TLS, and its ClientHello follows the answer. */
async function servePostgres(
  kind: "postgresTls" | "postgresGss",
  client: Client,
  context: ConnectionContext,
  own?: Own,
): Promise<void> {
  client.socket.read(requestLength);
  client.socket.write(Buffer.of(kind === "postgresTls" ? granted : declined));
  const next = await peek(client.socket, sniff, context.helloMilliseconds());
  if (next.kind === "tls") return serveTls(next.hello, client, context, own, "postgres");
  return own ? serveOwn(next, own, client, context) : serveBy(next, client, context);
}

/** By Host: a stream goes whole to its service; all other HTTP is routed request by request. */
function serveHttp1(
  host: string | undefined,
  client: Client,
  context: ConnectionContext,
): Promise<void> | void {
  const name = host === undefined ? undefined : hostOf(host);
  const route = name === undefined ? undefined : context.table().match(name);
  if (name === undefined || !route || !isStreamRoute(route) || route.kind === "tls") {
    return context.http.serve(client, client.socket, "http/1.1");
  }
  client.matched({ by: "host", name }, route);
  const dialling = dialService(client, route, context);
  if (route.webSocketBridge) return serveBridge(client.socket, dialling, client, context);
  return serveStream(client, dialling, () => clear(client));
}

/** A request for a WebSocket is granted, and what its frames hold goes to the service; anything else goes as it is. */
async function serveBridge(
  socket: Socket,
  dialling: Dialling,
  client: Client,
  context: ConnectionContext,
): Promise<void> {
  const first = await firstWord(socket, readWebSocketRequest, dialling, context.helloMilliseconds());
  if (first.kind !== "webSocket") {
    return serveStream(client, dialling, () => ({ stream: socket, raw: client.socket }), {
      said: first.kind === "ended" ? first.bytes : undefined,
    });
  }
  const stream = await context.bridge.accept(socket);
  if (!stream) return dialling.abandon();
  return serveStream(client, dialling, () => ({ stream, raw: stream }));
}

/** A protocol that carries no name: the default route takes it, if that one takes any stream. */
function serveUnnamed(
  client: Client,
  context: ConnectionContext,
  farewell?: (problem: Problem) => Uint8Array,
  said?: Uint8Array,
): Promise<void> | void {
  const route = unnamedRoute(context);
  if (!route) return refuse(client, why.noName, farewell?.(why.noName));
  client.matched({ by: "nothing" }, route);
  return serveStream(client, dialService(client, route, context), () => clear(client), { farewell, said });
}

function unnamedRoute(context: ConnectionContext): StreamRoute | undefined {
  const route = context.table().defaultRoute;
  return route && isStreamRoute(route) && route.kind !== "tls" ? route : undefined;
}

function tellTls(): Buffer {
  return alertRecord(tlsAlert.internalError);
}

function tellPostgres({ message, remedy }: Problem): Buffer {
  return errorResponse(message, remedy);
}

/** The client's side as it is, TLS or not. */
function clear({ socket }: Client): End {
  return { stream: socket, raw: socket };
}
