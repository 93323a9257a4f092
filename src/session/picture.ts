/** What has been told of the mux and still holds: for whoever comes late. */
import type { MuxEvent } from "../core/events.ts";
import type { Tally } from "./messages.ts";

type EventOf<T extends MuxEvent["type"]> = Extract<MuxEvent, { type: T }>;

export class Picture {
  #listening: EventOf<"listening"> | undefined;
  #routes: EventOf<"routes"> | undefined;
  #overload: EventOf<"overload"> | undefined;
  readonly #targets = new Map<string, EventOf<"target">>();
  readonly #tally = new Map<string, Tally[number]>();

  add(event: MuxEvent): void {
    switch (event.type) {
      case "listening":
        this.#listening = event;
        return;
      case "routes":
        this.#routes = event;
        this.#forgetTargets(event);
        return;
      case "target":
        this.#targets.set(event.target, event);
        return;
      case "overload":
        this.#overload = event;
        return;
      case "connection":
        this.#count(event);
        return;
      case "open":
      case "problem":
      case "session":
      case "stopped":
        return;
    }
  }

  get events(): MuxEvent[] {
    const { isOver } = this.#overload ?? { isOver: false };
    const events = [this.#listening, this.#routes, ...this.#targets.values(), isOver && this.#overload];
    return events.filter((event) => typeof event === "object");
  }

  get routes(): EventOf<"routes"> | undefined {
    return this.#routes;
  }

  get tally(): Tally {
    return [...this.#tally.values()];
  }

  /** A route that comes again counts on. */
  #count({ connection: { route, received, sent } }: EventOf<"connection">): void {
    if (route === undefined) return;
    const before = this.#tally.get(route) ?? { domain: route, connections: 0, received: 0, sent: 0 };
    this.#tally.set(route, {
      domain: route,
      connections: before.connections + 1,
      received: before.received + received,
      sent: before.sent + sent,
    });
  }

  #forgetTargets({ routes }: EventOf<"routes">): void {
    const named = new Set(routes.flatMap(({ targets }) => targets));
    for (const target of this.#targets.keys()) if (!named.has(target)) this.#targets.delete(target);
  }
}
