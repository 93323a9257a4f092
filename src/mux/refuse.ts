/** Turns a connection away that no service takes, in the language its client speaks. */
import type { Problem } from "../core/errors.ts";
import { alertRecord, type TlsAlert } from "../core/tls-alert.ts";
import type { Client } from "./client.ts";

/** How long a client may take to hang up after it was told why. */
const lingerMilliseconds = 2000;

/** `alert` goes to a client that has begun a TLS handshake; any other is reset, for no words of ours would fit. */
export function refuse(client: Client, problem: Problem, alert?: TlsAlert): void {
  if (client.socket.destroyed) return;
  client.end({ how: "refused", problem });
  if (alert === undefined) {
    client.socket.resetAndDestroy();
    return;
  }
  // A reset on its heels could overtake the alert: wait for the client to hang up, but not for long.
  const { socket } = client;
  const timer = setTimeout(() => socket.destroy(), lingerMilliseconds);
  socket.once("close", () => clearTimeout(timer));
  socket.once("end", () => socket.destroy());
  socket.end(alertRecord(alert));
  socket.resume();
}
