/** The end of a connection to which the last word has been said. */
import type { Socket } from "node:net";

/** How long a client may take to hang up after the last thing it was told. */
export const lingerMilliseconds = 2000;

/**
 * Ends a connection, reading away what the client still sends: closing with bytes unread makes a reset of the end, and
 * a reset can overtake what was said before it.
 */
export function hangUp(socket: Socket): void {
  socket.end();
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), lingerMilliseconds);
  socket.once("close", () => clearTimeout(timer));
}
