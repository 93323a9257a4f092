/** A member's part in the mux: what it knows of the others, and what it is to do when the owner goes. */
import { OneportError, type Problem, problemOf } from "../core/errors.ts";
import type { MuxEvent } from "../core/events.ts";
import type { ControlFolder } from "./control-folder.ts";
import { Member } from "./member.ts";
import { type ToMember, versions, type WindowLeases } from "./messages.ts";
import type { Reign } from "./reign.ts";
import { endIfStopped, type Processes } from "./silent-owner.ts";

export interface MembershipOptions {
  readonly folder: ControlFolder;
  readonly port: number;
  readonly self: WindowLeases;
  readonly processes: Processes;
  readonly emit: (event: MuxEvent) => void;
  /** A stopped owner was ended, so that another one can follow it. */
  readonly onOwnerEnded: (problem: Problem) => void;
  /** One that has not begun, for when the owner goes. */
  readonly newReign: (returning: readonly WindowLeases[]) => Reign;
  /** With a problem when it was this end that broke the channel off. */
  readonly onClose: (membership: Membership, problem: Problem | undefined) => void;
}

export class Membership {
  readonly #options: MembershipOptions;
  #member: Member | undefined;
  /** As the owner told them last, its own first. */
  #lenders: readonly WindowLeases[] = [];
  #prepared: Promise<Reign | undefined> | undefined;
  #farewell: Extract<ToMember, { type: "handedOver" | "ended" }> | undefined;

  private constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /**
   * Joins whoever owns the port. `absent`: nobody does in a way that can be joined; `again`: so it was, but that is changing. Throws
   * a OneportError for an owner of a newer version, one that is silent or not understood, and a folder that is not safe or cannot be used.
   */
  static async join(options: MembershipOptions): Promise<Membership | "absent" | "again"> {
    const { folder, port, self, processes, onOwnerEnded, onClose } = options;
    const membership = new Membership(options);
    const joined = await Member.join(folder, port, self, {
      onMessage: (message) => membership.#hear(message),
      onClose: (problem) => onClose(membership, problem),
      onSilence: () => void membership.#endSilence(),
    });
    switch (joined.is) {
      case "absent":
      case "gone":
        return "absent";
      case "silent": {
        const owner = await endIfStopped(port, processes);
        if (owner?.is === "alive") throw new OneportError(owner.problem);
        if (owner) onOwnerEnded(owner.problem);
        return "again";
      }
      case "broken":
        throw new OneportError(joined.problem);
      case "refused": {
        const isNewer = joined.newest > versions.newest;
        if (isNewer) joined.member.leave();
        else joined.member.send({ type: "retire" });
        await joined.member.closed;
        if (isNewer) throw new OneportError(newerOwner);
        return "again";
      }
      case "joined":
        membership.#member = joined.member;
        return membership;
    }
  }

  get member(): Member | undefined {
    return this.#member;
  }

  /** The windows that were there with the owner, but for the owner and this one. */
  get others(): readonly WindowLeases[] {
    return this.#lenders.slice(1).filter(({ window }) => window.id !== this.#options.self.window.id);
  }

  /** What the owner said last: `handedOver`, `ended`, or nothing, when it was killed. */
  get farewell(): Extract<ToMember, { type: "handedOver" | "ended" }> | undefined {
    return this.#farewell;
  }

  /** What was prepared to follow the owner, if it asked for that. */
  get prepared(): Promise<Reign | undefined> {
    return this.#prepared ?? Promise.resolve(undefined);
  }

  async leave(): Promise<void> {
    this.#member?.leave();
    await this.#member?.closed;
    await (await this.prepared)?.abandon();
  }

  #hear(message: ToMember): void {
    switch (message.type) {
      case "event":
        return this.#options.emit(message.event);
      case "leases":
        this.#lenders = message.lenders;
        return;
      case "succeed":
        this.#prepared ??= this.#prepare();
        return;
      case "handedOver":
      case "ended":
        this.#farewell = message;
        return;
      case "welcome":
      case "refused":
      case "tally":
      case "pong":
        return;
    }
  }

  async #prepare(): Promise<Reign | undefined> {
    const reign = this.#options.newReign(this.others);
    try {
      await reign.prepare(this.#options.port);
      this.#member?.send({ type: "ready" });
      return reign;
    } catch (error) {
      this.#member?.send({ type: "ready", problem: problemOf(error) });
      return undefined;
    }
  }

  /** One that is stopped is killed, and then its channel closes. */
  async #endSilence(): Promise<void> {
    const { port, processes, emit, onOwnerEnded } = this.#options;
    try {
      const owner = await endIfStopped(port, processes);
      if (owner?.is === "alive") emit({ type: "problem", problem: owner.problem });
      if (owner?.is === "ended") onOwnerEnded(owner.problem);
    } catch (error) {
      emit({ type: "problem", problem: problemOf(error) });
    }
  }
}

const newerOwner: Problem = {
  code: "owner-newer",
  message: "The mux is owned by a window with a newer version of Oneport, which this one cannot join.",
  remedy: "Reload this window, or update Oneport here.",
};
