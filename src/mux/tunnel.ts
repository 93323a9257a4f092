/** Reaches a service that speaks only WebSocket, for a client that speaks only TCP. */
import { WebSocket } from "ws";
import { fail, ok, type Result } from "../core/errors.ts";
import { authorityOf, formatTarget, type Route, type Target } from "../core/route.ts";
import type { DialOptions } from "./dial.ts";
import type { Upstreams } from "./http/upstreams.ts";
import { nobodyWaits } from "./waiting.ts";
import { maxPayload, WebSocketStream } from "./web-socket-stream.ts";

const handshakeMilliseconds = 10_000;

export interface Tunnel {
  readonly stream: WebSocketStream;
  readonly target: Target;
}

/** Dials the service and makes the handshake; what goes wrong is a Problem. */
export async function openTunnel(
  route: Route,
  upstreams: Upstreams,
  options: DialOptions,
): Promise<Result<Tunnel>> {
  const connected = await upstreams.connect(route, options);
  if (!connected.ok) return connected;
  const { target, fresh } = connected.value;
  const webSocket = new WebSocket(`ws://${authorityOf(target)}${target.path}`, {
    createConnection: () => fresh,
    perMessageDeflate: false,
    followRedirects: false,
    maxPayload,
  });
  const leave = () => fresh.destroy(nobodyWaits());
  options.waiting.onEnd(leave);
  // Node's own time-outs are set by who makes a connection, and this one has been made.
  const timer = setTimeout(
    () => fresh.destroy(new Error(`no answer within ${handshakeMilliseconds / 1000} s`)),
    handshakeMilliseconds,
  );
  return new Promise<Result<Tunnel>>((resolve) => {
    webSocket.once("open", () => {
      webSocket.pause();
      resolve(ok({ stream: new WebSocketStream(webSocket), target }));
    });
    webSocket.once("error", (error) => resolve(fail(declined(target, error.message))));
  }).finally(() => {
    clearTimeout(timer);
    options.waiting.offEnd(leave);
  });
}

function declined(target: Target, reason: string) {
  return {
    code: "target-declined",
    message: `${formatTarget(target)} did not accept a WebSocket: ${reason}.`,
    remedy: "Check the port and the path of the route's target.",
  };
}
