/** The connections that carry HTTP and the exchanges that each has in hand: one without any may be closed. */
import type { Client } from "../client.ts";
import type { Exchange } from "./exchange.ts";

interface Open {
  readonly close: (idle: boolean) => void;
  readonly exchanges: Set<Exchange>;
}

export class Connections {
  readonly #open = new Map<Client, Open>();
  #draining = false;

  get draining(): boolean {
    return this.#draining;
  }

  /**
   * `close` is called when the connection is to go, with whether it has nothing in hand, and once more when that is so.
   * It takes the place of an earlier one.
   */
  add(client: Client, close: (idle: boolean) => void): void {
    if (!this.#open.has(client)) client.socket.once("close", () => this.#gone(client));
    this.#open.set(client, { close, exchanges: new Set() });
    if (this.#draining) close(true);
  }

  inHand(client: Client): Exchange[] {
    return [...(this.#open.get(client)?.exchanges ?? [])];
  }

  begun(exchange: Exchange): void {
    this.#open.get(exchange.client)?.exchanges.add(exchange);
  }

  over(exchange: Exchange): void {
    const open = this.#open.get(exchange.client);
    if (!open) return;
    open.exchanges.delete(exchange);
    if (this.#draining && open.exchanges.size === 0) open.close(true);
  }

  /** Closes what is idle, and everything else as soon as its last answer is out. */
  drain(): void {
    this.#draining = true;
    for (const { close, exchanges } of this.#open.values()) close(exchanges.size === 0);
  }

  #gone(client: Client): void {
    const left = this.inHand(client);
    this.#open.delete(client);
    for (const exchange of left) exchange.leave();
  }
}
