/** Writing to services where a turn of the event loop is long. */

/**
 * Calls back when what services have said up to now has been read. HTTP/2 reads megabytes in one turn, however many of its streams are
 * paused: a service that hangs up in that time is read in the next one, and a write before that would lose its answer.
 */
export function afterLongTurn(callback: () => void): void {
  setImmediate(() => setImmediate(callback));
}
