/** Passes a request for another protocol (WebSocket) on, and splices client and service once both have agreed. */
import type { IncomingMessage } from "node:http";
import http from "node:http";
import { responseHeaders } from "../../core/http-headers.ts";
import type { Accepted } from "../../core/http-request.ts";
import { formatTarget, type Route } from "../../core/route.ts";
import { copy, splice } from "../splice.ts";
import type { Exchange, Upgrade } from "./exchange.ts";
import { connect, type ForwardContext, headersFor } from "./forward.ts";

export async function forwardUpgrade(
  exchange: Exchange,
  upgrade: Upgrade,
  accepted: Accepted,
  route: Route,
  context: ForwardContext,
): Promise<void> {
  const connection = await connect(exchange, route, context, true);
  if (!connection?.fresh) return;
  const { fresh, target } = connection;
  const request = http.request({
    createConnection: () => fresh,
    method: "GET",
    path: accepted.path,
    headers: [...headersFor(exchange, accepted, route, context), ...upgrade.headers],
    setHost: false,
  });
  const giveUp = () => request.destroy();
  let answered = false;

  exchange.onAborted(() => {
    if (!answered) giveUp();
  });
  request.on("upgrade", (response, socket, early) => {
    answered = true;
    if (!upgrade.verify(response.rawHeaders)) {
      socket.destroy();
      return context.refuse(exchange, {
        code: "target-broke-off",
        message: `${formatTarget(target)} answered the WebSocket handshake with a wrong Sec-WebSocket-Accept.`,
        remedy: "Check that the service there is a WebSocket server.",
      });
    }
    if (early.length > 0) socket.unshift(early);
    const client = upgrade.accept(response.rawHeaders);
    splice(client, { stream: socket, raw: fresh }, (by) => exchange.client.end({ how: "reset", by }));
  });
  request.on("response", (response) => {
    answered = true;
    decline(exchange, response);
  });
  request.on("error", (error) => {
    if (answered || exchange.gone) return;
    context.refuse(exchange, {
      code: "target-broke-off",
      message: `${formatTarget(target)} broke off the WebSocket handshake (${error.message}).`,
      remedy: "Look at the service's own log.",
    });
  });
  request.end();
}

/** The service stays with HTTP: its answer is the client's answer. */
function decline(exchange: Exchange, response: IncomingMessage): void {
  const headers = responseHeaders(response.rawHeaders);
  const sink = exchange.respond(response.statusCode ?? 502, response.statusMessage ?? "", headers, {
    bodiless: false,
    trailers: false,
    close: true,
  });
  response.on("end", () => sink.end());
  response.on("close", () => {
    if (!response.complete) exchange.abort();
  });
  response.on("error", () => undefined);
  copy(response, sink);
}
