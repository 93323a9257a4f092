/** Looks at a connection's first bytes without taking them: whoever comes next reads them again. */
import type net from "node:net";

/** What a reader says of the bytes. `more`: they are too few; read again once there are `atLeast`, counted from the start. */
export interface Reading {
  readonly kind: string;
  readonly atLeast?: number;
}

type Enough<R extends Reading> = Exclude<R, { readonly kind: "more" }>;

export type Peeked<R extends Reading> =
  | Enough<R>
  /** The client ended or broke off before it had said enough: these bytes, which nobody can read again. */
  | { readonly kind: "ended"; readonly bytes: Buffer }
  /** The client did not say enough in time. */
  | { readonly kind: "silent" };

/**
 * Shows `read` what has come, and how much of it was there when it last asked for more, until it knows enough. `socket`
 * must be paused, and is paused again when the promise is fulfilled; it never rejects. `signal` ends the waiting for a client
 * that has said nothing: one that has begun goes on.
 */
export function peek<R extends Reading>(
  socket: net.Socket,
  read: (bytes: Buffer, seen: number) => R,
  milliseconds: number,
  signal?: AbortSignal,
): Promise<Peeked<R>> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    let seen = 0;
    let wanted = 1;

    const timer = setTimeout(giveUp, milliseconds);
    signal?.addEventListener("abort", hasten);
    socket.on("data", take);
    socket.on("end", leave);
    socket.on("close", leave);
    if (socket.readableEnded || socket.destroyed) return leave();
    if (signal?.aborted) return hasten();
    socket.resume();

    function take(chunk: Buffer): void {
      chunks.push(chunk);
      length += chunk.length;
      if (length < wanted) return;
      const result = read(gathered(), seen);
      if (isEnough(result)) return settle(result);
      seen = length;
      wanted = result.atLeast ?? length + 1;
    }

    /** All that has come, in one piece: made only when there is enough to read again. */
    function gathered(): Buffer {
      const [first, ...more] = chunks;
      if (first && more.length === 0) return first;
      const whole = Buffer.concat(chunks, length);
      chunks.splice(0, chunks.length, whole);
      return whole;
    }

    function hasten(): void {
      if (length === 0) giveUp();
    }

    function giveUp(): void {
      settle({ kind: "silent" });
    }

    function leave(): void {
      settle({ kind: "ended", bytes: gathered() });
    }

    function settle(result: Peeked<R>): void {
      clearTimeout(timer);
      signal?.removeEventListener("abort", hasten);
      socket.off("data", take);
      socket.off("end", leave);
      socket.off("close", leave);
      socket.pause();
      // After its end nothing can be put back.
      if (length > 0 && result.kind !== "ended") socket.unshift(gathered());
      resolve(result);
    }
  });
}

function isEnough<R extends Reading>(result: R): result is Enough<R> {
  return result.kind !== "more";
}
