/** A member's side of the control channel: joins the owner, hears from it, and notices when it falls silent. */
import { once } from "node:events";
import net from "node:net";
import type { Problem } from "../core/errors.ts";
import type { Lease } from "../core/leases.ts";
import { Channel } from "./channel.ts";
import { type ControlFolder, isSafeFolder } from "./control-folder.ts";
import { parseToMember, type ToMember, type ToOwner, versions, type WindowLeases } from "./messages.ts";

/**
 * An owner is asked for a sign of life this often. Silence is counted in these turns and not by the clock: after a laptop's sleep
 * the clock has moved on for both.
 */
export const turnMilliseconds = 2000;
const mostSilentTurns = 3;

export interface MemberHandlers {
  readonly onMessage: (message: ToMember) => void;
  /** The channel is closed, whoever did it; with a problem when it was this end that broke it off. */
  readonly onClose: (problem: Problem | undefined) => void;
  /** The owner is there and says nothing; told once each time that begins. */
  readonly onSilence: () => void;
}

/**
 * What became of an attempt to join. `gone`: somebody was there, and went without an answer; `silent`: somebody holds the channel, and does
 * not answer; `broken`: what it says cannot be read.
 */
export type Joined =
  | { readonly is: "joined"; readonly member: Member }
  | { readonly is: "absent" }
  | { readonly is: "gone" }
  | { readonly is: "silent" }
  | { readonly is: "broken"; readonly problem: Problem }
  | { readonly is: "refused"; readonly member: Member; readonly newest: number };

export class Member {
  readonly #channel: Channel<ToMember, ToOwner>;
  readonly #timer: NodeJS.Timeout;
  readonly #handlers: MemberHandlers;
  /** Fulfilled with what `onClose` gets. */
  readonly closed: Promise<Problem | undefined>;
  #silentTurns = 0;

  private constructor(socket: net.Socket, handlers: MemberHandlers) {
    this.#handlers = handlers;
    const closed = Promise.withResolvers<Problem | undefined>();
    this.closed = closed.promise;
    this.#channel = new Channel(socket, {
      parse: parseToMember,
      onMessage: (message) => {
        this.#silentTurns = 0;
        if (message.type !== "pong") handlers.onMessage(message);
      },
      onClose: (problem) => {
        clearInterval(this.#timer);
        closed.resolve(problem);
        handlers.onClose(problem);
      },
    });
    this.#timer = setInterval(() => this.#turn(), turnMilliseconds);
  }

  /** Throws as `isSafeFolder` does. Without a lender it only looks. What comes after the welcome goes to `handlers`. */
  static async join(
    folder: ControlFolder,
    port: number,
    lender: WindowLeases | undefined,
    handlers: MemberHandlers,
  ): Promise<Joined> {
    if (!(await isSafeFolder(folder, "look"))) return { is: "absent" };
    const socket = net.connect(folder.socket(port));
    try {
      await once(socket, "connect");
    } catch {
      // Nobody listens there, or no longer.
      return { is: "absent" };
    }
    const answer = Promise.withResolvers<Joined>();
    let isJoined = false;
    const member: Member = new Member(socket, {
      onMessage: (message) => {
        if (isJoined) return handlers.onMessage(message);
        if (message.type === "refused") {
          answer.resolve({ is: "refused", member, newest: message.versions.newest });
        } else if (message.type === "welcome") {
          isJoined = true;
          answer.resolve({ is: "joined", member });
        }
      },
      onClose: (problem) => {
        if (isJoined) handlers.onClose(problem);
        else answer.resolve(problem ? { is: "broken", problem } : { is: "gone" });
      },
      onSilence: () => {
        if (isJoined) return handlers.onSilence();
        member.leave();
        answer.resolve({ is: "silent" });
      },
    });
    member.send({ type: "hello", versions, ...(lender && { lender }) });
    return answer.promise;
  }

  send(message: ToOwner): void {
    this.#channel.send(message);
  }

  lend(leases: readonly Lease[]): void {
    this.send({ type: "lend", leases: [...leases] });
  }

  leave(): void {
    this.#channel.end();
  }

  #turn(): void {
    this.#silentTurns++;
    if (this.#silentTurns === mostSilentTurns + 1) this.#handlers.onSilence();
    this.send({ type: "ping" });
  }
}
