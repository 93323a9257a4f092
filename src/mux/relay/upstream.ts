/** One connection to a service, kept between requests, and the exchange that it carries just now. */
import type net from "node:net";
import type { Target } from "../../core/route.ts";
import type { FreshConnection } from "../http/upstreams.ts";

export interface UpstreamUser {
  hear(bytes: Buffer): void;
  /** The service will say no more. */
  ended(): void;
  /** What was written has gone out. */
  drained(): void;
  /** The connection is gone. */
  lost(error: Error): void;
}

export class Upstream {
  readonly target: Target;
  readonly key: string;
  readonly socket: net.Socket;
  /** While there is none, a word of the service's is the end of the connection. */
  user: UpstreamUser | undefined;
  /** Has carried a request before: the next one may meet its end. */
  isKept = false;
  /** No request is sent on it after this moment, as `performance.now()` tells it. */
  usableUntil = Number.POSITIVE_INFINITY;
  #error: Error | undefined;

  /** `onGone` hears of the connection's end, whoever has it then. */
  constructor({ target, fresh }: FreshConnection, key: string, onGone: (upstream: Upstream) => void) {
    this.target = target;
    this.key = key;
    this.socket = fresh;
    fresh.on("data", (bytes: Buffer) => {
      if (this.user) this.user.hear(bytes);
      else fresh.destroy();
    });
    fresh.on("end", () => {
      if (this.user) this.user.ended();
      else fresh.destroy();
    });
    fresh.on("drain", () => this.user?.drained());
    fresh.on("error", (error) => {
      this.#error = error;
    });
    fresh.once("close", () => {
      this.user?.lost(this.#error ?? hungUp());
      onGone(this);
    });
  }

  /** Nobody hears of it any more. */
  destroy(): void {
    this.user = undefined;
    this.socket.destroy();
  }
}

export function hungUp(): Error {
  return Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
}
