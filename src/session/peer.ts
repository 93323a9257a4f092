/** One process at the other end of a control channel, as the owner sees it: a member, or one who only looks. */
import type net from "node:net";
import type { MuxEvent } from "../core/events.ts";
import { Channel } from "./channel.ts";
import { parseToOwner, type ToMember, type ToOwner, type Window } from "./messages.ts";

/** A member that is to be the successor and says nothing for so long is passed over. */
const mostPreparationMilliseconds = 1000;

export interface PeerHandlers {
  readonly onMessage: (message: ToOwner) => void;
  readonly onClose: () => void;
}

export class Peer {
  readonly #channel: Channel<ToOwner, ToMember>;
  /** Of a member. */
  window: Window | undefined;
  /** It speaks our version, and is told what happens. */
  isWelcome = false;
  isWatching = false;
  #isClosed = false;
  #onReady: ((isReady: boolean) => void) | undefined;

  constructor(socket: net.Socket, { onMessage, onClose }: PeerHandlers) {
    this.#channel = new Channel(socket, {
      parse: parseToOwner,
      onMessage: (message) => {
        if (message.type === "ready") this.#onReady?.(message.problem === undefined);
        onMessage(message);
      },
      onClose: () => {
        this.#isClosed = true;
        this.#onReady?.(false);
        onClose();
      },
    });
  }

  send(message: ToMember): void {
    this.#channel.send(message);
  }

  /** `line` is the event as a message. One that does not keep up loses connections: each is told once and nothing follows from it. */
  tell(event: MuxEvent, line: string): void {
    if (!this.isWelcome) return;
    if (event.type === "open" && !this.isWatching) return;
    if (event.type === "connection" && this.#channel.isBusy) return;
    this.#channel.sendLine(line);
  }

  /** Whether it is ready to own the mux, now. One that has left meanwhile is not, and would never say so. */
  canSucceed(): Promise<boolean> {
    if (this.#isClosed) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), mostPreparationMilliseconds);
      this.#onReady = (isReady) => {
        clearTimeout(timer);
        resolve(isReady);
      };
      this.send({ type: "succeed" });
    });
  }

  end(last: ToMember | undefined): void {
    if (last) this.send(last);
    this.#channel.end();
  }

  destroy(): void {
    this.#channel.destroy();
  }
}
