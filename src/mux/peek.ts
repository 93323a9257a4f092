/** Looks at a connection's first bytes without taking them: whoever comes next reads them again. */
import type net from "node:net";
import { type Sniff, sniff } from "../core/sniff.ts";

export type Peeked =
  | Exclude<Sniff, { kind: "more" }>
  /** The client ended or broke off before it had said enough. */
  | { readonly kind: "ended" }
  /** The client did not say enough in time. */
  | { readonly kind: "silent"; readonly bytes: number };

/** The most that is ever held for a first look: a 64 KiB hello or head, and what its framing adds to it. */
const mostBytes = 128 * 1024;

/** `socket` must be paused and is paused again when the promise is fulfilled; it never rejects. */
export function peek(socket: net.Socket, milliseconds: number): Promise<Peeked> {
  return new Promise((resolve) => {
    let seen: Buffer | undefined;
    let sniffed = 0;
    let wanted = 1;

    const timer = setTimeout(() => settle({ kind: "silent", bytes: seen?.length ?? 0 }), milliseconds);
    socket.on("data", take);
    socket.on("end", leave);
    socket.on("close", leave);
    socket.resume();

    function take(chunk: Buffer): void {
      seen = seen ? Buffer.concat([seen, chunk]) : chunk;
      if (seen.length < wanted) return;
      const result = sniff(seen, sniffed);
      if (result.kind !== "more") return settle(result);
      if (seen.length >= mostBytes) return settle({ kind: "other" });
      sniffed = seen.length;
      wanted = result.atLeast;
    }

    function leave(): void {
      settle({ kind: "ended" });
    }

    function settle(result: Peeked): void {
      clearTimeout(timer);
      socket.off("data", take);
      socket.off("end", leave);
      socket.off("close", leave);
      socket.pause();
      if (seen && result.kind !== "ended") socket.unshift(seen);
      resolve(result);
    }
  });
}
