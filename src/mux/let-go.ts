/** What a closed stream leaves behind. */
import { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";

/**
 * For a stream that has just told of its "close": nobody listens to it any more. A stream of Node's outlives all but the rare, thorough
 * collections, because of a bound function of its own that V8 counts as old from the start; with it would whatever its listeners know.
 */
export function letGo(stream: Duplex): void {
  // It has been let go before, by another of those who heard of it.
  if (stream.listenerCount("close") === 0) return;
  // A stream's own would look, a turn later, whether somebody still waits for data.
  EventEmitter.prototype.removeAllListeners.call(stream);
  stream.on("error", ignore);
}

function ignore(): void {}
