/** A connection to a service that reads into a buffer of its own: half the CPU of Node's default for bulk data. */
import net from "node:net";
import type { Writable } from "node:stream";
import { TLSSocket } from "node:tls";
import { largeSize, putLarge, takeLarge } from "./large-buffers.ts";

/** Enough for a chatty connection. */
const smallSize = 8 * 1024;
/**
 * What arrives here is copied out before anything else is read, so idle connections need no buffer each. Windows reads ahead
 * of being asked, into whatever buffer it was given last: there none can be shared.
 */
const shared = process.platform === "win32" ? undefined : Buffer.allocUnsafeSlow(smallSize);

const nothing = Buffer.alloc(0);

export class UpstreamSocket extends net.Socket {
  readonly #intake: Intake;

  /** Paused: nothing is read before `deliverTo`, so whatever the service says first waits in the kernel. */
  constructor() {
    const intake = new Intake();
    super({ allowHalfOpen: true, onread: { buffer: intake.buffer, callback: intake.take } });
    this.#intake = intake;
    this.pause();
  }

  /** Fulfilled when the service has said something, or has ended; it is kept, and no more is read. */
  heard(): Promise<void> {
    if (this.#intake.hasHeard || this.readableEnded || this.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#intake.onHeard = resolve;
      this.once("end", resolve);
      this.once("close", resolve);
      this.resume();
    });
  }

  /** What was heard, for whoever asked; it does not go to the peer any more. */
  takeHeard(): Buffer {
    return this.#intake.takeHeard();
  }

  /**
   * Writes all that arrives to `peer`, with back-pressure. By its "drain" the peer must be done with every byte before it:
   * sockets and WebSockets are, a Transform is not. Nobody else may pause or resume this socket any more.
   */
  deliverTo(peer: Writable): void {
    this.#intake.peer = peer;
    const heard = this.#intake.takeHeard();
    if (heard.length > 0) peer.write(heard);
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
  onHeard: (() => void) | undefined;
  #heard = nothing;
  #buffer = smallBuffer();

  readonly buffer = (): Buffer => this.#buffer;

  /** Node's contract: `false` stops the reading until `resume`, and `buffer` is asked again after every call. */
  readonly take = (length: number, bytes: Uint8Array): boolean => {
    const { peer } = this;
    if (!peer) return this.#hear(bytes.subarray(0, length));
    if (peer.destroyed) return false;
    const filled = bytes.subarray(0, length);
    const isCopied = this.#buffer === shared || isWorthACopy(peer, length);
    const goOn = isCopied ? writeCopy(peer, filled) : this.#lend(peer, filled);
    if (goOn) this.#resize(length);
    return goOn;
  };

  get hasHeard(): boolean {
    return this.#heard.length > 0;
  }

  takeHeard(): Buffer {
    const heard = this.#heard;
    this.#heard = nothing;
    return heard;
  }

  /** Before there is a peer the first words are kept, and the rest stays in the kernel. */
  #hear(bytes: Uint8Array): boolean {
    this.#heard = Buffer.concat([this.#heard, bytes]);
    this.onHeard?.();
    return false;
  }

  /** Nothing is read into the buffer while the peer may still hold it. */
  #lend(peer: Writable, bytes: Uint8Array): boolean {
    peer.write(bytes);
    // The kernel has taken all of it already.
    if (isPlain(peer) && peer.writableLength === 0) return true;
    // "drain" comes when all of it is out.
    if (peer.writableNeedDrain) return false;
    // Nobody will say when it is out: the buffer is left to the write.
    this.#buffer = Buffer.allocUnsafeSlow(this.#buffer.length);
    return true;
  }

  /** Called only when the buffer is free. */
  #resize(length: number): void {
    const capacity = this.#buffer.length;
    if (capacity === smallSize && length === smallSize) {
      this.#buffer = takeLarge();
    } else if (capacity === largeSize && length <= smallSize) {
      putLarge(this.#buffer);
      this.#buffer = smallBuffer();
    }
  }
}

function smallBuffer(): Buffer {
  return shared ?? Buffer.allocUnsafeSlow(smallSize);
}

/** What must queue behind other bytes; and, while it is little, what TLS or a WebSocket may keep without a sign. */
function isWorthACopy(peer: Writable, length: number): boolean {
  return isPlain(peer) ? peer.writableLength > 0 : length < peer.writableHighWaterMark;
}

function writeCopy(peer: Writable, bytes: Uint8Array): boolean {
  return peer.write(Buffer.from(bytes));
}
