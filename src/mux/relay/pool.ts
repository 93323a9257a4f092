/** Connections to services that lie idle between two requests. */
import type { Route, Target } from "../../core/route.ts";
import { keyOf } from "../http/upstreams.ts";
import type { Upstream } from "./upstream.ts";

const mostIdle = 256;

export class Pool {
  readonly #idle = new Map<string, Upstream[]>();
  readonly #keys = new WeakMap<Target, string>();
  #count = 0;
  #isClosed = false;

  /** Connections with the same key are as good as each other. */
  keyOf(target: Target, route: Route): string {
    const known = this.#keys.get(target);
    if (known !== undefined) return known;
    const key = keyOf(target, route);
    this.#keys.set(target, key);
    return key;
  }

  /** The one that was used last: it is the least likely to be at its end. */
  take(key: string): Upstream | undefined {
    const idle = this.#idle.get(key);
    for (let upstream = idle?.pop(); upstream; upstream = idle?.pop()) {
      this.#count--;
      const { socket, usableUntil } = upstream;
      if (socket.writable && performance.now() < usableUntil) return upstream;
      upstream.destroy();
    }
    return undefined;
  }

  /** Takes back what can carry another request. */
  put(upstream: Upstream): void {
    if (this.#isClosed || this.#count >= mostIdle) return upstream.destroy();
    upstream.user = undefined;
    upstream.isKept = true;
    if (upstream.socket.isPaused()) upstream.socket.resume();
    const idle = this.#idle.get(upstream.key);
    if (idle) idle.push(upstream);
    else this.#idle.set(upstream.key, [upstream]);
    this.#count++;
  }

  readonly forget = (upstream: Upstream): void => {
    const idle = this.#idle.get(upstream.key);
    const index = idle?.indexOf(upstream) ?? -1;
    if (!idle || index === -1) return;
    idle.splice(index, 1);
    this.#count--;
  };

  /** Ends what is idle, and takes nothing more. */
  close(): void {
    this.#isClosed = true;
    this.letGoOfIdle();
  }

  letGoOfIdle(): void {
    for (const idle of this.#idle.values()) for (const upstream of idle) upstream.destroy();
  }
}
