/** Whether a connection is still one, where no event tells. */
import type { Socket } from "node:net";

/** Asks the system, which knows no peer of a connection that was reset. */
export function hasPeer(socket: Socket): boolean {
  // Node keeps the answer on the object that it was asked of.
  const asked: Socket = Object.create(socket);
  return asked.remoteAddress !== undefined;
}
