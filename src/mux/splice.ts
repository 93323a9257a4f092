/** Copies two connections into each other: half-close, resets and back-pressure go through both ways. */
import type { Duplex, Readable, Writable } from "node:stream";
import { TLSSocket } from "node:tls";
import { Batch, fullRecord } from "./batch.ts";
import { freeChunk } from "./free-chunk.ts";
import { letGo } from "./let-go.ts";
import { fullRead, Pile } from "./pile.ts";
import { isPlain, UpstreamSocket } from "./upstream-socket.ts";

/** One end of a splice. `raw` is the TCP socket under `stream`, the one a reset goes out on. */
export interface End {
  readonly stream: Duplex;
  readonly raw: { resetAndDestroy(): unknown };
}

/**
 * Takes both streams over until both are closed; they may be paused and hold bytes already. `onBroken` hears at most
 * once, which end broke off without ending properly.
 */
export function splice(client: End, target: End, onBroken: (by: "client" | "target") => void): void {
  let broken = false;
  let closed: Duplex | undefined;
  connect(client, target, "client");
  connect(target, client, "target");

  function connect(from: End, to: End, by: "client" | "target"): void {
    // It may have ended while the other side was still on its way.
    if (from.stream.readableEnded) endOf(to.stream);
    else
      from.stream.on("end", () => {
        // What was found to be a reset by then goes through as one.
        if (!from.stream.destroyed) endOf(to.stream);
      });
    // Most have somebody who hears of their errors as long as they live.
    if (from.stream.listenerCount("error") === 0) from.stream.on("error", ignore);
    // These last as long as the connections do: `once` would keep a wrapper for each, and "close" comes once.
    from.stream.on("close", () => {
      letGo(from.stream);
      // What ended has already been passed on; a stream that closes without was reset, and so is its peer.
      if (from.stream === closed || (from.stream.readableEnded && from.stream.writableFinished)) return;
      if (!broken) {
        broken = true;
        onBroken(by);
      }
      to.raw.resetAndDestroy();
    });
    if (from.stream instanceof UpstreamSocket) from.stream.deliverTo(to.stream);
    else copy(from.stream, to.stream);
  }

  /** Once both have said all, and the kernel has it, closing tells the end as well, and is one step in place of two. */
  function endOf(stream: Duplex): void {
    if (!stream.readableEnded || !isPlain(stream) || stream.writableLength > 0) return void stream.end();
    closed = stream;
    stream.destroy();
  }
}

/** The error of a stream is followed by its "close", which says the same and is always there. */
function ignore(): void {}

/** Copies what `from` emits to `to`, pausing it while `to` is full. Ends and errors are the caller's. */
export function copy(from: Readable, to: Writable): void {
  to.on("drain", () => from.resume());
  from.on("data", isPlain(to) ? passGathered(from, to) : passTo(from, to));
  from.resume();
}

function passTo(from: Readable, to: Writable): (chunk: Buffer) => void {
  const plain = isPlain(to);
  return (chunk) => {
    if (to.destroyed) return;
    const goOn = to.write(chunk);
    // What the kernel has taken already is no reason to wait, however much it was.
    if (plain && to.writableLength === 0) freeChunk(chunk);
    else if (!goOn) from.pause();
  };
}

/** What is not full is the last for now, and goes out at once. */
function passGathered(from: Readable, to: Writable): (chunk: Buffer) => void {
  const isSecured = from instanceof TLSSocket;
  const full = isSecured ? fullRecord : fullRead;
  let gathered: Batch | Pile | undefined;
  const pass = passTo(from, to);
  return (chunk) => {
    if (chunk.length < full && !gathered?.isOpen) return pass(chunk);
    gathered ??= isSecured ? new Batch(from, to) : new Pile(from, to);
    gathered.add(chunk);
  };
}
