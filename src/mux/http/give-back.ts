/** Passes a service's answer back to the client as it comes. */
import type http from "node:http";
import { responseHeaders, trailerFields, valuesOf } from "../../core/http-headers.ts";
import { copy } from "../splice.ts";
import type { Exchange } from "./exchange.ts";

/** Throws, before anything has gone out, for an answer that cannot be said to the client: a status of 99, for instance. */
export function giveBack(
  exchange: Exchange,
  request: http.ClientRequest,
  response: http.IncomingMessage,
): void {
  // Node takes the chunks off whatever was done to the body before, and it would go on as if it were plain.
  if (isCoded(response)) throw new Error("it has a transfer coding other than chunked");
  const status = response.statusCode ?? 0;
  const bodiless = exchange.head.method === "HEAD" || status === 204 || status === 304;
  const headers = responseHeaders(status, response.rawHeaders);
  const trailers = valuesOf(headers, "trailer").length > 0 || asksForTrailers(exchange);
  const sink = exchange.respond(status, response.statusMessage ?? "", headers, {
    bodiless,
    trailers: trailers && !bodiless,
    close: hasUnreadBody(exchange) && status >= 400,
  });
  let begun = false;
  let wasReset = false;
  request.on("error", (error) => {
    wasReset ||= "syscall" in error && error.syscall === "read";
  });
  response.once("data", () => {
    begun = true;
  });
  response.on("end", () => {
    begun = true;
    // Node takes a reset for the proper end of an answer that nothing else delimits.
    if (wasReset && !isMeasured(response)) return exchange.abort();
    if (response.rawTrailers.length > 0) exchange.responseTrailers(trailerFields(response.rawTrailers));
    exchange.finish();
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
  // What can go nowhere is read all the same, or its end would never be seen.
  sink.on("close", () => response.resume());
}

/** A body that nobody wants any more would be taken for the next request. */
function hasUnreadBody({ received, upgrade }: Exchange): boolean {
  return upgrade !== undefined || !received;
}

function isMeasured({ headers }: http.IncomingMessage): boolean {
  return headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;
}

/** Was anything but chunking done to the body on its way? */
function isCoded({ headers }: http.IncomingMessage): boolean {
  return (headers["transfer-encoding"] ?? "chunked").toLowerCase() !== "chunked";
}

function asksForTrailers({ head }: Exchange): boolean {
  return valuesOf(head.headers, "te").some((value) => /\btrailers\b/i.test(value));
}
