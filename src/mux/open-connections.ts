/** Tells those who watch which connections are open, route by route; nothing is counted while nobody does. */
import type { OpenConnections } from "../core/events.ts";
import type { Client } from "./client.ts";

const intervalMilliseconds = 500;
/** More rows under one route would help nobody. */
const mostShown = 20;

export class OpenConnectionsWatch {
  readonly #clients: ReadonlySet<Client>;
  readonly #emit: (routes: OpenConnections[]) => void;
  #timer: NodeJS.Timeout | undefined;
  #told = "[]";

  /** `emit` gets the first list at once when somebody begins to watch, and then each one that differs. */
  constructor(clients: ReadonlySet<Client>, emit: (routes: OpenConnections[]) => void) {
    this.#clients = clients;
    this.#emit = emit;
  }

  watch(isWatching: boolean): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (!isWatching) return;
    this.#told = "";
    this.#look();
    this.#timer = setInterval(() => this.#look(), intervalMilliseconds);
  }

  #look(): void {
    const routes = openByRoute(this.#clients);
    const told = JSON.stringify(routes);
    if (told === this.#told) return;
    this.#told = told;
    this.#emit(routes);
  }
}

function openByRoute(clients: ReadonlySet<Client>): OpenConnections[] {
  const found = new Map<string, OpenConnections>();
  for (const client of clients) {
    const domain = client.route;
    if (domain === undefined) continue;
    const open = found.get(domain) ?? { domain, count: 0, oldest: [] };
    if (open.oldest.length < mostShown) open.oldest.push(client.summary);
    found.set(domain, { ...open, count: open.count + 1 });
  }
  return [...found.values()];
}
