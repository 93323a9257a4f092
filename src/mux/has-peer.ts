/** Whether a connection is still one, where no event tells. */
import type { Socket } from "node:net";

/** Asks the system, which knows no peer of a connection that was reset. */
export function hasPeer(socket: Socket): boolean {
  // Node keeps the answer on the object that it was asked of. An heir of the socket would serve as well, but V8 makes all that is done
  // with an object slower once it has heirs.
  const kept = new Map<PropertyKey, unknown>();
  const asked: Socket = new Proxy(socket, {
    get: (socket, key) => (kept.has(key) ? kept.get(key) : Reflect.get(socket, key, asked)),
    set: (_, key, value) => {
      kept.set(key, value);
      return true;
    },
  });
  return asked.remoteAddress !== undefined;
}
