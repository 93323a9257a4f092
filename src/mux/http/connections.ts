/** The connections that carry HTTP and the exchanges that each has in hand: one without any may be closed. */
import type { Client } from "../client.ts";
import type { Exchange } from "./exchange.ts";

/** As much of an exchange as its connection asks of it. */
type InHand = Pick<Exchange, "client" | "received" | "begun" | "leave">;

interface Open {
  readonly close: (idle: boolean) => void;
  readonly exchanges: Set<InHand>;
  readonly since: number;
  /** Its first request has not come yet. */
  isNew: boolean;
  timer?: NodeJS.Timeout;
}

/** Who connects wants to ask something: a connection so young is not idle before its first request. */
const newMilliseconds = 1000;

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
    const before = this.#open.get(client);
    if (before) clearTimeout(before.timer);
    else client.socket.on("close", () => this.#gone(client));
    const open = {
      close,
      exchanges: new Set<InHand>(),
      since: before?.since ?? performance.now(),
      isNew: true,
    };
    this.#open.set(client, open);
    if (this.#draining) this.#drain(open);
  }

  inHand(client: Client): InHand[] {
    return [...(this.#open.get(client)?.exchanges ?? [])];
  }

  begun(exchange: InHand): void {
    const open = this.#open.get(exchange.client);
    if (!open) return;
    open.exchanges.add(exchange);
    open.isNew = false;
    clearTimeout(open.timer);
  }

  over(exchange: InHand): void {
    const open = this.#open.get(exchange.client);
    if (!open) return;
    open.exchanges.delete(exchange);
    if (this.#draining && open.exchanges.size === 0) open.close(true);
  }

  /** Closes what is idle, and everything else as soon as its last answer is out. */
  drain(): void {
    this.#draining = true;
    for (const open of this.#open.values()) this.#drain(open);
  }

  #drain(open: Open): void {
    const milliseconds = open.isNew ? open.since + newMilliseconds - performance.now() : 0;
    if (milliseconds <= 0) return open.close(open.exchanges.size === 0);
    open.timer = setTimeout(() => open.close(true), milliseconds);
  }

  #gone(client: Client): void {
    const left = this.inHand(client);
    clearTimeout(this.#open.get(client)?.timer);
    this.#open.delete(client);
    for (const exchange of left) exchange.leave();
  }
}
