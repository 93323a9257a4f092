/** A connection to a service that reads into a buffer of its own: half the CPU of Node's default for bulk data. */
import net from "node:net";
import type { Writable } from "node:stream";
import { TLSSocket } from "node:tls";

/** Enough for an idle or chatty connection. */
const smallSize = 8 * 1024;
/** Beyond this nothing is gained, below it a little is lost. */
const largeSize = 256 * 1024;
const mostSpares = 16;

/** Large buffers no connection needs just now: making one anew costs about as much as filling it. */
const spares: Buffer[] = [];

export class UpstreamSocket extends net.Socket {
  readonly #intake: Intake;

  /** Paused: nothing is read before `deliverTo`, so whatever the service says first waits in the kernel. */
  constructor() {
    const intake = new Intake();
    super({ allowHalfOpen: true, onread: { buffer: intake.buffer, callback: intake.take } });
    this.#intake = intake;
    this.pause();
    this.once("close", intake.release);
  }

  /** Writes all that arrives to `peer`, with back-pressure. */
  deliverTo(peer: Writable): void {
    this.#intake.peer = peer;
    peer.on("drain", () => this.resume());
    this.resume();
  }
}

/** Only a plain socket is known to hold no bytes of a write any more once its `writableLength` is 0. */
export function isPlain(stream: Writable): boolean {
  return stream instanceof net.Socket && !(stream instanceof TLSSocket);
}

/** The reading side: which buffer is filled next, and whether the peer can take more. */
class Intake {
  peer: Writable | undefined;
  #buffer: Buffer = Buffer.allocUnsafeSlow(smallSize);

  readonly buffer = (): Buffer => this.#buffer;

  /** Node's contract: `false` pauses the socket, and `buffer` is asked again after every call. */
  readonly take = (length: number, bytes: Uint8Array): boolean => {
    const peer = this.peer;
    if (!peer || peer.destroyed) return false;
    const filled = length === bytes.length ? bytes : bytes.subarray(0, length);
    const goOn = isPlain(peer) ? this.#writePlain(peer, filled) : writeCopied(peer, filled);
    if (goOn) this.#resize(length);
    return goOn;
  };

  readonly release = (): void => {
    // The last write may still hold the buffer: it is left to the collector, not given to another connection.
    this.peer = undefined;
  };

  /** A plain socket hands bytes to the kernel at once, or says through `writableLength` that it still needs them. */
  #writePlain(peer: Writable, bytes: Uint8Array): boolean {
    peer.write(bytes);
    if (peer.writableLength === 0) return true;
    // "drain" comes when everything is out, and only then may the same buffer be filled again.
    if (peer.writableNeedDrain) return false;
    // Little was written and nobody will say when it is out: leave that buffer to the write, and read into another.
    this.#buffer = Buffer.allocUnsafeSlow(bytes.length > smallSize ? largeSize : smallSize);
    return true;
  }

  #resize(length: number): void {
    const capacity = this.#buffer.length;
    if (capacity === smallSize && length === smallSize) {
      this.#buffer = spares.pop() ?? Buffer.allocUnsafeSlow(largeSize);
    } else if (capacity === largeSize && length <= smallSize) {
      if (spares.length < mostSpares) spares.push(this.#buffer);
      this.#buffer = Buffer.allocUnsafeSlow(smallSize);
    }
  }
}

/** TLS and HTTP/2 streams may keep bytes with no sign of it: they get a copy, or all of it and then a pause. */
function writeCopied(peer: Writable, bytes: Uint8Array): boolean {
  const small = bytes.length < peer.writableHighWaterMark;
  peer.write(small ? Buffer.from(bytes) : bytes);
  return !peer.writableNeedDrain;
}
