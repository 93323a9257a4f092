/** Passes a request for another protocol (WebSocket) on, and splices client and service once both have agreed. */
import http from "node:http";
import { messageOf } from "../../core/errors.ts";
import type { Accepted } from "../../core/http-request.ts";
import { formatTarget, type Route } from "../../core/route.ts";
import { splice } from "../splice.ts";
import type { Exchange, Upgrade } from "./exchange.ts";
import { connect, type ForwardContext, headersFor } from "./forward.ts";
import { giveBack } from "./give-back.ts";
import { maxHeaderSize } from "./upstreams.ts";

export async function forwardUpgrade(
  exchange: Exchange,
  upgrade: Upgrade,
  accepted: Accepted,
  route: Route,
  context: ForwardContext,
): Promise<void> {
  const connection = await connect(exchange, route, context);
  if (!connection) return;
  const { fresh, raw, target } = connection;
  exchange.client.reached(target);
  const request = http.request({
    createConnection: () => fresh,
    method: exchange.head.method,
    path: accepted.path,
    headers: [...headersFor(exchange, accepted, route, context), ...upgrade.headers],
    setHost: false,
    maxHeaderSize,
  });
  let answered = false;

  exchange.onAborted(() => request.destroy());
  request.on("upgrade", (response, socket, early) => {
    answered = true;
    // From here on the splice tells each side of the other's end.
    exchange.onAborted(() => undefined);
    if (!upgrade.verify(response.rawHeaders))
      return giveUp("answered the WebSocket handshake with a wrong Sec-WebSocket-Accept");
    if (early.length > 0) socket.unshift(early);
    attempt(() => {
      const client = upgrade.accept(response.rawHeaders, () => raw.resetAndDestroy());
      splice(client, { stream: socket, raw }, (by) => exchange.client.end({ how: "reset", by }));
    });
  });
  request.on("response", (response) => {
    answered = true;
    // The service stays with HTTP: its answer is the client's answer.
    attempt(() => giveBack(exchange, request, response));
  });
  request.on("error", (error) => {
    if (!answered) giveUp(`broke off the handshake (${error.message})`);
  });
  request.end();

  function attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      giveUp(`gave an answer that cannot be passed on (${messageOf(error)})`);
    }
  }

  function giveUp(what: string): void {
    answered = true;
    fresh.destroy();
    context.refuse(exchange, {
      code: "target-broke-off",
      message: `${formatTarget(target)} ${what}.`,
      remedy: `Look at the service's own log, and check that it speaks ${upgrade.protocol}.`,
    });
  }
}
