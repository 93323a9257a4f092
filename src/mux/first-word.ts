/** Waits for a client's first words while its service is on the way, for either may be the one to speak first. */
import type { Socket } from "node:net";
import { setImmediate as turn, setTimeout as wait } from "node:timers/promises";
import { TLSSocket } from "node:tls";
import { type Peeked, peek, type Reading } from "./peek.ts";
import type { Dialling } from "./service.ts";
import { hasShakenHands } from "./terminate.ts";

/** How long the service's first words wait, so that a client which means to open with TLS can do so (rule 11). */
const graceMilliseconds = 20;

/** What the client says, or `silent` when it says nothing before the service does; see `peek`. */
export function firstWord<R extends Reading>(
  socket: Socket,
  read: (bytes: Buffer, seen: number) => R,
  { service }: Dialling,
  milliseconds: number,
): Promise<Peeked<R>> {
  const spoken = new AbortController();
  void service.then(async (opened) => {
    if (opened.ok) {
      await Promise.all([opened.value.heard(), handshakeOf(socket)]);
      // Who has agreed on HTTP speaks first.
      if (socket instanceof TLSSocket && socket.alpnProtocol === "http/1.1") return;
      await wait(graceMilliseconds);
      // After a busy moment timers come first: what the client said in time has yet to be read.
      await turn();
    }
    spoken.abort();
  });
  return peek(socket, read, milliseconds, spoken.signal);
}

/** Fulfilled when a client can speak inside its TLS, or never will. */
function handshakeOf(socket: Socket): Promise<void> | void {
  if (!(socket instanceof TLSSocket) || socket.destroyed || hasShakenHands(socket)) return;
  return new Promise((resolve) => {
    socket.once("secure", resolve);
    socket.once("close", resolve);
  });
}
