/** Turns a connection away that no service takes, in the language its client speaks. */
import type { Problem } from "../core/errors.ts";
import type { Client } from "./client.ts";
import { hangUp } from "./hang-up.ts";

/** `farewell` is what the client's protocol says at such a point; without one it is reset, for no words of ours would fit. */
export function refuse(client: Client, problem: Problem, farewell?: Uint8Array): void {
  const { socket } = client;
  if (socket.destroyed) return;
  client.end({ how: "refused", problem });
  if (farewell === undefined) {
    socket.resetAndDestroy();
    return;
  }
  socket.write(farewell);
  hangUp(socket);
}
