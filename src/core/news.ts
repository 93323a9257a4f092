/** Which connections matter to those who do not read the log: thousands a second may not. */
import type { ConnectionReport } from "./events.ts";

export class News {
  /** In what ways each route has been reached. */
  readonly #reached = new Set<string>();
  /** Routes whose last connection failed. */
  readonly #failing = new Set<string>();

  /** Remembers this one; whether it changes what was known of its route: it fails, is well again, or comes in a new way. */
  learn({ route, seen, ending }: ConnectionReport): boolean {
    if (route === undefined) return false;
    const way = `${seen.by} ${route}`;
    const isFirst = !this.#reached.has(way);
    if (isFirst) this.#reached.add(way);
    if (ending.how === "refused") {
      this.#failing.add(route);
      return true;
    }
    return this.#failing.delete(route) || isFirst;
  }
}
