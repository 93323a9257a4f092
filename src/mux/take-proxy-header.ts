/** Takes the header that a believed proxy puts before everything else off a connection. */
import { readProxyHeader } from "../core/proxy-protocol.ts";
import type { Client } from "./client.ts";
import { peek } from "./peek.ts";
import { brokenProxyHeader } from "./refusals.ts";
import { refuse } from "./refuse.ts";

/**
 * A proxy in front tells where the client really comes from; an ordinary client from the same address tells nothing.
 * `false`: it has been refused.
 */
export async function takeProxyHeader(client: Client, milliseconds: number): Promise<boolean> {
  const read = await peek(client.socket, readProxyHeader, milliseconds);
  if (read.kind === "malformed") {
    refuse(client, brokenProxyHeader(read.reason));
    return false;
  }
  if (read.kind === "header") {
    client.socket.read(read.length);
    if (read.addresses) client.comesFrom(read.addresses.source);
  }
  return true;
}
