/** The end of a connection to which the last word has been said. */
import type { Socket } from "node:net";

/** How long a client may be silent, after the last thing it was told, before it hangs up. */
const lingerMilliseconds = 2000;
/** And how long it may go on talking. */
const mostLingerMilliseconds = 30_000;

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

/** Waits for a client to say all of what it began, although it has been answered: many read only then. */
export class Linger {
  readonly #until = performance.now() + mostLingerMilliseconds;
  readonly #timer: NodeJS.Timeout;

  /** `giveUp` is called once it has said nothing for a while, or has gone on for too long. */
  constructor(giveUp: () => void) {
    this.#timer = setTimeout(giveUp, lingerMilliseconds);
  }

  /** It has said something. */
  heard(): void {
    if (performance.now() < this.#until) this.#timer.refresh();
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
