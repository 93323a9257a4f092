/** Carries a connection as a stream: dials the service, then copies each side into the other. */
import type { Duplex } from "node:stream";
import { formatTarget, type Route } from "../core/route.ts";
import type { TlsAlert } from "../core/tls-alert.ts";
import type { Client } from "./client.ts";
import type { Dialer } from "./dial.ts";
import { refuse } from "./refuse.ts";
import { splice } from "./splice.ts";

/**
 * `open` gives the client's side once the service is there: its socket, or what TLS makes of it. A service that does not
 * come up is told by `alert`, or by a reset where the client speaks no TLS.
 */
export async function serveStream(
  client: Client,
  route: Route,
  dialer: Dialer,
  open: () => Duplex,
  alert: TlsAlert | undefined,
): Promise<void> {
  const gone = new AbortController();
  client.socket.once("close", () => gone.abort());
  const holdMilliseconds = route.holdSeconds * 1000;
  const dialled = await dialer.dialStream(route, { holdMilliseconds, signal: gone.signal });
  if (!dialled.ok) return refuse(client, dialled.error, alert);
  const { socket, target } = dialled.value;
  if (client.socket.destroyed) return void socket.destroy();
  client.reached(formatTarget(target));
  splice({ stream: open(), raw: client.socket }, { stream: socket, raw: socket }, (by) =>
    client.end({ how: "reset", by }),
  );
}
