/** One connection to one address, and why there is none, in words. */
import type net from "node:net";
import { lacksDescriptors, outOfDescriptors, type Problem, systemCode } from "../core/errors.ts";
import { isLoopbackAddress } from "../core/loopback.ts";
import { formatTarget, type Target } from "../core/route.ts";
import { targetDown, unheard, unreachedBecause, unresolved } from "../core/target-down.ts";
import { nobodyWaits, type Waiting } from "./waiting.ts";

/** A machine that does not answer at all is given up after this; one that refuses says so at once. */
const connectMilliseconds = 10_000;

/** Resolves with `socket` when it is connected; rejects with what the system says, and the socket is destroyed. */
export function connect<S extends net.Socket>(
  socket: S,
  host: string,
  port: number,
  waiting: Waiting,
): Promise<S> {
  return new Promise((resolve, reject) => {
    if (waiting.isOver) {
      socket.destroy();
      return reject(nobodyWaits());
    }
    const timer = setTimeout(() => {
      socket.destroy(new Error(`no answer within ${connectMilliseconds / 1000} s`));
    }, connectMilliseconds);
    // From here on errors are no news to the dialer; "close" follows them for whoever holds the socket.
    socket.on("error", ignore);
    socket.on("error", failed);
    socket.on("connect", connected);
    waiting.onEnd(abandon);
    socket.connect({ host, port, autoSelectFamily: false });

    function abandon(): void {
      socket.destroy(nobodyWaits());
    }

    function failed(error: Error): void {
      settle();
      reject(error);
    }

    function connected(): void {
      settle();
      // Node does not heed `noDelay` among the options of `connect`.
      socket.setNoDelay(true);
      // Nobody on this machine can vanish without the system closing the connection.
      if (!isLoopbackAddress(host)) socket.setKeepAlive(true, 60_000);
      resolve(socket);
    }

    /** What hangs on a socket stays in memory as long as the connection is open. */
    function settle(): void {
      clearTimeout(timer);
      waiting.offEnd(abandon);
      socket.off("error", failed);
      socket.off("connect", connected);
    }
  });
}

function ignore(): void {}

/** Whether it says nothing about the service, which may well be refused or found at another address of its name. */
export function callsFromNowhere(error: unknown): boolean {
  return ["EADDRNOTAVAIL", "EAFNOSUPPORT", "ENETUNREACH"].includes(systemCode(error) ?? "");
}

/** Why nothing could be connected to: the target's fault (`target-down`), or the want of descriptors. */
export function unreachable(target: Target, error: unknown): Problem {
  if (lacksDescriptors(error)) return outOfDescriptors;
  const reason = unreachedBecause(error);
  return targetDown(target, reason, reason !== unresolved);
}

export function notListening(target: Target): Problem {
  return targetDown(target, unheard, true);
}

export function ownAddress(target: Target): Problem {
  return {
    code: "target-is-mux",
    message: `${formatTarget(target)} is Oneport itself: the connection would go round in circles.`,
    remedy: "Give the route the port that the service itself listens on.",
  };
}
