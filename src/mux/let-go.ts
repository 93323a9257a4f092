/** What a closed stream leaves behind. */
import type { EventEmitter } from "node:events";

/**
 * For a stream that has just told of its "close": nobody listens to it any more. A stream of Node's outlives all but the rare, thorough
 * collections, because of a bound function of its own that V8 counts as old from the start; with it would whatever its listeners know.
 */
export function letGo(stream: EventEmitter): void {
  stream.removeAllListeners();
  stream.on("error", ignore);
}

function ignore(): void {}
