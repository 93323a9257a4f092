/** Carries a connection as a stream: once the service is there, each side is copied into the other. */
import type { Problem } from "../core/errors.ts";
import type { Client } from "./client.ts";
import { refuse } from "./refuse.ts";
import type { Dialling } from "./service.ts";
import { type End, splice } from "./splice.ts";

interface StreamOptions {
  /** How the client is told of a service that does not come up; a reset where no words would fit. */
  readonly farewell?: ((problem: Problem) => Uint8Array) | undefined;
  /** What the client has said and its side does not hold any more. */
  readonly said?: Uint8Array | undefined;
}

/** `open` gives the client's side once the service is there: its socket, or what was made of it. */
export function serveStream(
  client: Client,
  dialling: Dialling,
  open: () => End,
  { farewell, said }: StreamOptions = {},
): Promise<void> {
  return dialling.service.then((service) => {
    if (!service.ok) return refuse(client, service.error, farewell?.(service.error));
    const { end, target } = service.value;
    // It broke off while the client's first words were awaited: its "close" has gone by, and will not come again.
    if (end.stream.destroyed) {
      client.reached(target);
      return client.passResetOn();
    }
    const from = client.socket.destroyed ? undefined : open();
    if (!from || from.stream.destroyed) return dialling.abandon();
    dialling.take();
    client.reached(target);
    if (said) end.stream.write(said);
    join(client, from, end);
  });
}

/** What lasts as long as the connection is made here, where it can hold on to nothing else. */
function join(client: Client, from: End, to: End): void {
  splice(from, to, (by) => client.end({ how: "reset", by }));
}
