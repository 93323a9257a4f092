/** Passes one exchange on to a service and its answer back, streaming both ways. */
import type http from "node:http";
import type { Readable } from "node:stream";
import { type Problem, systemCode } from "../../core/errors.ts";
import { type Headers, pairs, requestHeaders, responseHeaders, valuesOf } from "../../core/http-headers.ts";
import type { Accepted } from "../../core/http-request.ts";
import { formatTarget, type Route } from "../../core/route.ts";
import { copy } from "../splice.ts";
import type { Exchange } from "./exchange.ts";
import type { Connection, Upstreams } from "./upstreams.ts";

export interface ForwardContext {
  readonly upstreams: Upstreams;
  /** Names this mux among others, for loop detection. */
  readonly instance: string;
  /** Answers in the mux's own name, while nothing of the service's answer has gone out. */
  readonly refuse: (exchange: Exchange, problem: Problem) => void;
}

export async function forward(
  exchange: Exchange,
  accepted: Accepted,
  route: Route,
  context: ForwardContext,
): Promise<void> {
  const connection = await connect(exchange, route, context, false);
  if (connection) send(exchange, accepted, route, context, connection);
}

/** Nothing when the client has been refused or is gone. */
export async function connect(
  exchange: Exchange,
  route: Route,
  { upstreams, refuse }: ForwardContext,
  fresh: boolean,
): Promise<Connection | undefined> {
  const gone = new AbortController();
  exchange.onAborted(() => gone.abort());
  const holdMilliseconds = isPageLoad(exchange) ? 0 : route.holdSeconds * 1000;
  const connected = await upstreams.connect(route, { holdMilliseconds, signal: gone.signal, fresh });
  if (gone.signal.aborted) {
    if (connected.ok) connected.value.fresh?.destroy();
    return undefined;
  }
  if (connected.ok) {
    exchange.client.reached(formatTarget(connected.value.target));
    return connected.value;
  }
  refuse(exchange, connected.error);
  return undefined;
}

/** Whether a browser shows the answer as a page: it then gets one at once, and that page tries again (rule 7). */
export function isPageLoad({ head, upgrade }: Exchange): boolean {
  if (head.method !== "GET" || upgrade) return false;
  const mode = valuesOf(head.headers, "sec-fetch-mode")[0];
  if (mode !== undefined) return mode === "navigate";
  return valuesOf(head.headers, "accept")[0]?.includes("text/html") ?? false;
}

function send(
  exchange: Exchange,
  accepted: Accepted,
  route: Route,
  context: ForwardContext,
  connection: Connection,
): void {
  const { head, body } = exchange;
  const headers = headersFor(exchange, accepted, route, context);
  headers.push(...framing(exchange));
  if (route.closeUpstream) headers.push("Connection", "close");
  const request = context.upstreams.request(route, connection, {
    method: head.method,
    path: accepted.path,
    headers,
  });
  let answered = false;

  exchange.onAborted(() => request.destroy());
  request.on("continue", () => exchange.inform(100, []));
  request.on("information", (info) => {
    if (info.statusCode !== 100) exchange.inform(info.statusCode, responseHeaders(info.rawHeaders));
  });
  request.on("response", (response) => {
    answered = true;
    giveBack(exchange, response);
  });
  request.on("error", (error) => {
    // Once there is an answer it tells its own end; a service may well hang up before it has read the whole request.
    if (answered || exchange.gone) return;
    if (request.reusedSocket && isRepeatable(exchange)) return void sendAfresh();
    context.refuse(exchange, brokenOff(error, connection));
  });
  if (body) giveBody(exchange, body, request);
  else request.end();

  /** A kept connection can end just as a request goes out on it: the service has then not seen the request. */
  async function sendAfresh(): Promise<void> {
    const again = await connect(exchange, route, context, true);
    if (again) send(exchange, accepted, route, context, again);
  }
}

/** The request's headers for the service, without its framing. */
export function headersFor(
  { client, head }: Exchange,
  { authority }: Accepted,
  route: Route,
  { instance }: ForwardContext,
): string[] {
  return requestHeaders(head.headers, {
    host: route.hostHeader ?? authority,
    authority,
    clientAddress: client.address,
    secure: client.secure,
    instance,
  });
}

/** A body of unknown length goes in chunks (HTTP/2 says neither); one of known length keeps its Content-Length. */
function framing({ head, body }: Exchange): Headers {
  const measured = valuesOf(head.headers, "content-length").length > 0;
  return body && !measured ? ["Transfer-Encoding", "chunked"] : [];
}

function giveBody(exchange: Exchange, body: Readable, request: http.ClientRequest): void {
  // The head first: with "Expect: 100-continue" the client waits for the service's word on it.
  request.flushHeaders();
  body.on("end", () => {
    const trailers = exchange.requestTrailers();
    if (trailers.length > 0) request.addTrailers([...pairs(trailers)]);
    request.end();
  });
  copy(body, request);
}

function giveBack(exchange: Exchange, response: http.IncomingMessage): void {
  const status = response.statusCode ?? 502;
  const bodiless = exchange.head.method === "HEAD" || status === 204 || status === 304;
  const trailers = valuesOf(response.rawHeaders, "trailer").length > 0 || asksForTrailers(exchange);
  const sink = exchange.respond(status, response.statusMessage ?? "", responseHeaders(response.rawHeaders), {
    bodiless,
    trailers: trailers && !bodiless,
    close: exchange.body !== undefined && !exchange.body.readableEnded && isRefusal(status),
  });
  let begun = false;
  response.once("data", () => {
    begun = true;
  });
  response.on("end", () => {
    begun = true;
    if (response.rawTrailers.length > 0) exchange.responseTrailers(responseHeaders(response.rawTrailers));
    sink.end();
  });
  response.on("close", () => {
    if (!response.complete) exchange.abort();
  });
  response.on("error", () => undefined);
  // Events and long polls send their head long before a byte of the body; small answers go out in one piece.
  setImmediate(() => {
    if (!begun) exchange.flushHead();
  });
  copy(response, sink);
}

/** A body that nobody wants any more would be taken for the next request. */
function isRefusal(status: number): boolean {
  return status >= 400;
}

function asksForTrailers({ head }: Exchange): boolean {
  return valuesOf(head.headers, "te").some((value) => /\btrailers\b/i.test(value));
}

/** RFC 9110 §9.2.2: what may be sent twice without harm, and still can be. */
function isRepeatable({ head, body }: Exchange): boolean {
  return body === undefined && ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"].includes(head.method);
}

function brokenOff(error: Error, { target }: Connection): Problem {
  const how = systemCode(error)?.startsWith("HPE_")
    ? "did not answer in HTTP"
    : "broke off before it answered";
  return {
    code: "target-broke-off",
    message: `${formatTarget(target)} ${how} (${error.message}).`,
    remedy: `Look at the service's own log, and check that port ${target.port} is the one that speaks HTTP.`,
  };
}
