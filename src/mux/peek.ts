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
    let chunks: Buffer[] = [];
    let arrived = 0;
    let sniffed = 0;
    let wanted = 1;

    const timer = setTimeout(() => settle({ kind: "silent", bytes: arrived }), milliseconds);
    socket.on("data", take);
    socket.on("end", leave);
    socket.on("close", leave);
    socket.resume();

    function take(chunk: Buffer): void {
      chunks.push(chunk);
      arrived += chunk.length;
      if (arrived < wanted) return;
      const result = sniff(gathered(), sniffed);
      if (result.kind !== "more") return settle(result);
      if (arrived >= mostBytes) return settle({ kind: "other" });
      sniffed = arrived;
      wanted = result.atLeast;
    }

    function gathered(): Buffer {
      const [first] = chunks;
      if (first && chunks.length === 1) return first;
      const whole = Buffer.concat(chunks, arrived);
      chunks = [whole];
      return whole;
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
      if (arrived > 0 && result.kind !== "ended") socket.unshift(gathered());
      resolve(result);
    }
  });
}
