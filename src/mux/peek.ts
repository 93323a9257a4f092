/** Looks at a connection's first bytes, until they say enough for whoever comes next to be chosen. */
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

export interface Taken<R extends Reading> {
  readonly seen: Peeked<R>;
  /** All that has come. */
  readonly bytes: Buffer;
}

/** As `take`, but leaves every byte where it was: whoever comes next reads them again. */
export async function peek<R extends Reading>(
  socket: net.Socket,
  read: (bytes: Buffer, seen: number) => R,
  milliseconds: number,
  signal?: AbortSignal,
): Promise<Peeked<R>> {
  const { seen, bytes } = await take(socket, read, milliseconds, signal);
  // After its end nothing can be put back.
  if (bytes.length > 0 && seen.kind !== "ended") socket.unshift(bytes);
  return seen;
}

/**
 * Shows `read` what has come, and how much of it was there when it last asked for more, until it knows enough. `socket`
 * must be paused, and is paused again when the promise is fulfilled; it never rejects. `signal` ends the waiting for a client
 * that has said nothing: one that has begun goes on.
 */
export function take<R extends Reading>(
  socket: net.Socket,
  read: (bytes: Buffer, seen: number) => R,
  milliseconds: number,
  signal?: AbortSignal,
): Promise<Taken<R>> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    let before = 0;
    let wanted = 1;

    const timer = setTimeout(giveUp, milliseconds);
    signal?.addEventListener("abort", hasten);
    socket.on("data", look);
    socket.on("end", leave);
    socket.on("close", leave);
    if (socket.readableEnded || socket.destroyed) return leave();
    if (signal?.aborted) return hasten();
    socket.resume();

    function look(chunk: Buffer): void {
      chunks.push(chunk);
      length += chunk.length;
      if (length < wanted) return;
      const result = read(gathered(), before);
      if (isEnough(result)) return settle(result);
      before = length;
      wanted = result.atLeast ?? length + 1;
    }

    /** All that has come, in one piece: made only when there is enough to read again. */
    function gathered(): Buffer {
      const [first] = chunks;
      if (first && chunks.length === 1) return first;
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

    function settle(seen: Peeked<R>): void {
      clearTimeout(timer);
      signal?.removeEventListener("abort", hasten);
      socket.off("data", look);
      socket.off("end", leave);
      socket.off("close", leave);
      socket.pause();
      resolve({ seen, bytes: gathered() });
    }
  });
}

function isEnough<R extends Reading>(result: R): result is Enough<R> {
  return result.kind !== "more";
}
