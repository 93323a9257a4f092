/** Passes one exchange on to a service and its answer back, streaming both ways. */
import { messageOf, type Problem, systemCode } from "../../core/errors.ts";
import { requestHeaders, responseHeaders, valuesOf, without } from "../../core/http-headers.ts";
import type { Accepted } from "../../core/http-request.ts";
import { formatTarget, type Route, type Target } from "../../core/route.ts";
import { Waiting } from "../waiting.ts";
import type { Answerable, Exchange } from "./exchange.ts";
import { giveBack } from "./give-back.ts";
import { giveBody } from "./give-body.ts";
import type { Connection, FreshConnection, Upstreams } from "./upstreams.ts";

export interface ForwardContext {
  readonly upstreams: Upstreams;
  /** Names this mux among others, for loop detection. */
  readonly instance: string;
  /** Answers in the mux's own name, while nothing of the service's answer has gone out. */
  readonly refuse: (exchange: Answerable, problem: Problem) => void;
}

export async function forward(
  exchange: Exchange,
  accepted: Accepted,
  route: Route,
  context: ForwardContext,
): Promise<void> {
  const order = context.upstreams.order(route);
  const connection =
    context.upstreams.kept(order[0], route) ?? (await connect(exchange, route, context, order));
  if (connection) send(exchange, accepted, route, context, connection);
}

/** A connection of its own for the exchange; nothing when the client has been refused or is gone. */
export async function connect(
  exchange: Answerable,
  route: Route,
  { upstreams, refuse }: ForwardContext,
  order: readonly Target[] = upstreams.order(route),
): Promise<FreshConnection | undefined> {
  if (exchange.gone) return undefined;
  const waiting = new Waiting();
  exchange.onAborted(() => waiting.end());
  const holdMilliseconds = isPageLoad(exchange) ? 0 : route.holdSeconds * 1000;
  const connected = await upstreams.connect(route, { holdMilliseconds, waiting, order });
  if (waiting.isOver) {
    if (connected.ok) connected.value.fresh.destroy();
    return undefined;
  }
  if (connected.ok) return connected.value;
  refuse(exchange, connected.error);
  return undefined;
}

/** Whether a browser shows the answer as a page: it then gets one at once, and that page tries again (rule 7). */
export function isPageLoad({ head, upgrade }: Answerable): boolean {
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
  if (route.closeUpstream) headers.push("Connection", "close");
  exchange.client.reached(connection.target);
  const request = context.upstreams.request(route, connection, {
    method: head.method,
    path: accepted.path,
    headers,
  });
  let answered = false;

  exchange.onAborted(() => request.destroy());
  request.on("information", (info) => {
    attempt(() => exchange.inform(info.statusCode, responseHeaders(info.statusCode, info.rawHeaders)));
  });
  request.on("response", (response) => {
    answered = true;
    attempt(() => giveBack(exchange, request, response));
  });
  request.on("upgrade", () => giveUp(new Error("it switches protocols unasked")));
  request.on("error", (error) => {
    // Once there is an answer it tells its own end; a service may well hang up before it has read the whole request.
    if (answered || exchange.gone) return;
    if (request.reusedSocket && isRepeatable(exchange)) return void sendAfresh().catch(giveUp);
    context.refuse(exchange, brokenOff(error, connection.target));
  });
  if (body) giveBody(exchange, body, request);
  else request.end();

  /** A kept connection can end just as a request goes out on it: the service has then not seen the request. */
  async function sendAfresh(): Promise<void> {
    const again = await connect(exchange, route, context);
    if (again) send(exchange, accepted, route, context, again);
  }

  /** Node refuses to say some of what it reads: that is the end of this exchange, and of nothing else. */
  function attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      giveUp(error);
    }
  }

  function giveUp(error: unknown): void {
    answered = true;
    request.destroy();
    context.refuse(exchange, brokenOff(error, connection.target));
  }
}

/** The head of the request for the service. */
export function headersFor(
  { client, head, body }: Answerable,
  { authority }: Accepted,
  route: Route,
  { instance }: ForwardContext,
): string[] {
  const headers = requestHeaders(head.headers, {
    host: route.hostHeader ?? authority ?? "",
    authority,
    clientAddress: client.address,
    secure: client.secure,
    instance,
  });
  const measured = valuesOf(headers, "content-length").length > 0;
  // A body of unknown length goes in chunks (HTTP/2 says neither); one of known length keeps its Content-Length.
  if (body && !measured) return [...headers, "Transfer-Encoding", "chunked"];
  // RFC 9112 §7.1.2: trailers belong to chunks, and Node throws if they are announced without.
  const list = without(headers, "trailer");
  // Left alone, Node would send no body in chunks (RFC 9110 §8.6).
  return measured || needNoLength.has(head.method) ? list : [...list, "Content-Length", "0"];
}

/** Methods whose requests have no body unless they say so. */
const needNoLength: ReadonlySet<string> = new Set(["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"]);

/** RFC 9110 §9.2.2: what may be sent twice without harm, and still can be. */
export function isRepeatable({ head, body }: Answerable): boolean {
  return body === undefined && ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"].includes(head.method);
}

/** How a service is told that failed before it had answered. */
export function brokenOff(error: unknown, target: Target): Problem {
  const broke = systemCode(error) === "ECONNRESET" || systemCode(error) === "EPIPE";
  const how = broke ? "broke off before it answered" : "did not answer in HTTP";
  return {
    code: "target-broke-off",
    message: `${formatTarget(target)} ${how} (${messageOf(error)}).`,
    remedy: `Look at the service's own log, and check that port ${target.port} is the one that speaks HTTP.`,
  };
}
