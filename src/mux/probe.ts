/** Asks one target whether it is up, in the way its scheme is used: by a connection, a request or a WebSocket handshake. */
import http from "node:http";
import type net from "node:net";
import { WebSocket } from "ws";
import { fail, ok, type Problem, type Result } from "../core/errors.ts";
import { authorityOf, formatTarget, type Scheme, schemes, type Target } from "../core/route.ts";
import type { Dialer } from "./dial.ts";
import type { Checked } from "./health.ts";
import { secure } from "./secure.ts";

const answerMilliseconds = 3000;

/** Notes with the dialer what it finds; never rejects. */
export async function probe(checked: Checked, dialer: Dialer, trusted: () => string[]): Promise<void> {
  const { target, route } = checked;
  const connected = await dialer.check(target);
  if (!connected.ok) {
    if (connected.error.code === "target-down") dialer.note(target, "down", connected.error.message);
    return;
  }
  // Node's own time-outs are set by who makes a connection, and this one has been made.
  const timer = setTimeout(
    () => connected.value.destroy(new Error(`no answer within ${answerMilliseconds / 1000} s`)),
    answerMilliseconds,
  );
  const ready = schemes[target.scheme].tls
    ? await secure(connected.value, target, route.insecureUpstream ? undefined : trusted())
    : connected;
  const answer = ready.ok ? await ask[target.scheme](ready.value, checked) : ready;
  clearTimeout(timer);
  connected.value.destroy();
  dialer.note(target, answer.ok ? "up" : "unwell", answer.ok ? undefined : answer.error.message);
}

type Ask = (socket: net.Socket, checked: Checked) => Promise<Result<void>>;

/** A connection is all that can be asked of a service whose protocol is not known. */
const connects: Ask = async () => ok(undefined);

const ask: { readonly [S in Scheme]: Ask } = {
  http: answersHttp,
  https: answersHttp,
  ws: acceptsWebSocket,
  wss: acceptsWebSocket,
  tcp: connects,
  tls: connects,
  "tcp+ws": acceptsWebSocket,
  "tcp+wss": acceptsWebSocket,
};

function answersHttp(socket: net.Socket, { target, route }: Checked): Promise<Result<void>> {
  const { healthPath } = route;
  if (healthPath === undefined) return Promise.resolve(ok(undefined));
  return new Promise((resolve) => {
    const request = http.get({
      createConnection: () => socket,
      path: healthPath,
      headers: { host: route.hostHeader ?? authorityOf(target), connection: "close" },
    });
    request.once("response", (response) => {
      const status = response.statusCode ?? 0;
      resolve(status < 400 ? ok(undefined) : fail(unwell(target, `${healthPath} answered ${status}`)));
      response.destroy();
    });
    request.on("error", (error) => resolve(fail(unwell(target, `${healthPath}: ${error.message}`))));
  });
}

function acceptsWebSocket(socket: net.Socket, { target, route }: Checked): Promise<Result<void>> {
  return new Promise((resolve) => {
    const webSocket = new WebSocket(`ws://${authorityOf(target)}${target.path}`, {
      createConnection: () => socket,
      perMessageDeflate: false,
      ...(route.hostHeader !== undefined && { headers: { host: route.hostHeader } }),
    });
    webSocket.once("open", () => {
      webSocket.close(1000);
      resolve(ok(undefined));
    });
    webSocket.on("error", (error) => resolve(fail(unwell(target, error.message))));
  });
}

function unwell(target: Target, what: string): Problem {
  return {
    code: "target-unwell",
    message: `${formatTarget(target)} is not well: ${what}.`,
    remedy: "Look at the service's own log.",
  };
}
