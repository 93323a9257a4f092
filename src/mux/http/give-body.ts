/** Passes a request's body on to the service as it comes. */
import type http from "node:http";
import type { Readable } from "node:stream";
import { pairs, trailerFields } from "../../core/http-headers.ts";
import type { Exchange } from "./exchange.ts";
import { afterLongTurn } from "./long-turn.ts";

/**
 * Writes when what the service says has been read: one that refuses the body and hangs up makes writing fail, and Node then drops
 * the answer with the connection.
 */
export function giveBody(exchange: Exchange, body: Readable, request: http.ClientRequest): void {
  let held: Buffer[] = [];
  let ended = false;
  let unwanted = false;

  // The head first: with "Expect: 100-continue" the client waits for the service's word on it.
  request.flushHeaders();
  body.on("data", (chunk: Buffer) => {
    // What can go nowhere is read all the same, or its end would never be seen.
    if (unwanted || request.destroyed) return;
    if (held.push(chunk) === 1) afterLongTurn(flush);
  });
  body.on("end", () => {
    if (!exchange.received) return void request.destroy();
    ended = true;
    if (held.length === 0) finish();
  });
  request.on("drain", () => body.resume());
  request.on("response", ({ statusCode = 0, headers }) => {
    // RFC 9112 §9.5: whoever is told that nobody listens any more stops talking.
    if (statusCode >= 400 && /\bclose\b/i.test(headers.connection ?? "")) discard();
  });
  request.once("close", discard);

  function flush(): void {
    const chunks = held;
    held = [];
    if (unwanted || request.destroyed) return;
    for (const chunk of chunks) if (!request.write(chunk)) body.pause();
    if (ended) finish();
  }

  function finish(): void {
    if (unwanted || request.destroyed) return;
    const trailers = trailerFields(exchange.requestTrailers());
    if (trailers.length > 0) request.addTrailers([...pairs(trailers)]);
    request.end();
  }

  function discard(): void {
    unwanted = true;
    body.resume();
  }
}
