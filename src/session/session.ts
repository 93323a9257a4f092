/** This process' part in the mux: its owner or a member, whichever is free, until it is stopped. */
import { setTimeout as wait } from "node:timers/promises";
import { OneportError, type Problem, problemOf } from "../core/errors.ts";
import type { MuxEvent } from "../core/events.ts";
import { type Lease, leasesOf } from "../core/leases.ts";
import type { ControlFolder } from "./control-folder.ts";
import { Member } from "./member.ts";
import { type ToMember, versions, type Window, type WindowLeases } from "./messages.ts";
import { type OpenMux, Reign, type Values } from "./reign.ts";
import { endIfStopped, type Processes } from "./silent-owner.ts";

export interface SessionOptions {
  readonly window: Window;
  readonly folder: ControlFolder;
  readonly processes: Processes;
  readonly openMux: OpenMux;
  readonly emit: (event: MuxEvent) => void;
  /** After the last event. */
  readonly onEnd: () => void;
}

/** Somebody who has the port and no channel yet may be about to open one. */
const startPatience = 500;
/** When an owner has gone there is another one within milliseconds, or something is wrong. */
const takeOverPatience = 5000;
/** Within this a successor has the port; until then nobody else tries to. */
const successorPatience = 1000;
/** Without a successor the member that has been there longest goes first; each other one waits so much longer for it. */
const turnPatience = 50;
/** For what is open in one that makes room for a newer version. */
const retiredGrace = 5000;
const shortestPause = 2;
const longestPause = 100;

type Part =
  | { readonly is: "owner"; readonly reign: Reign }
  | { readonly is: "member"; readonly member: Member }
  | { readonly is: "none" };

export class Session {
  readonly #options: SessionOptions;
  #values: Values;
  #leases: readonly Lease[];
  #port = 0;
  #part: Part = { is: "none" };
  /** As the owner told them last, its own first. */
  #lenders: readonly WindowLeases[] = [];
  /** The owner has asked for a successor: to begin when it has gone. */
  #prepared: Promise<Reign | undefined> | undefined;
  /** What the owner said last before it closed the channel. */
  #farewell: Extract<ToMember, { type: "handedOver" | "ended" }> | undefined;
  #settling = Promise.resolve();
  #isWatching = false;
  #isStopping = false;
  #hasEnded = false;

  constructor(values: Values, options: SessionOptions) {
    this.#options = options;
    this.#values = values;
    this.#leases = leasesOf(values["oneport.routes"], [], Date.now());
  }

  /**
   * Owns the mux on the first of these ports that can be had, or joins the one that runs on any of them. Rejects with a
   * OneportError.
   */
  async start(ports: readonly number[]): Promise<void> {
    if (ports.length > 1) {
      for (const port of ports) if ((await this.#join(port)) === "joined") return;
    }
    let problem: Problem | undefined;
    for (const port of ports) {
      problem = await this.#settle(port, startPatience);
      if (!problem) return;
    }
    if (problem) throw new OneportError(problem);
  }

  configure(values: Values): void {
    this.#values = values;
    this.#leases = leasesOf(values["oneport.routes"], this.#leases, Date.now());
    if (this.#part.is === "owner") this.#part.reign.configure(values, this.#leases);
    if (this.#part.is === "member") this.#part.member.lend(this.#leases);
  }

  watch(isWatching: boolean): void {
    this.#isWatching = isWatching;
    if (this.#part.is === "owner") this.#part.reign.watch(isWatching);
    if (this.#part.is === "member") this.#part.member.send({ type: "watch", isWatching });
  }

  refresh(): void {
    if (this.#part.is === "owner") this.#part.reign.refresh();
    if (this.#part.is === "member") this.#part.member.send({ type: "refresh" });
  }

  /** Leaves, or ends it for all; fulfilled after the last event. */
  async stop(graceSeconds: number, forAll = false): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    await this.#settling;
    const part = this.#part;
    this.#part = { is: "none" };
    const grace = graceSeconds * 1000;
    if (part.is === "owner") await (forAll ? part.reign.endForAll(grace) : part.reign.handOver(grace));
    if (part.is === "member") {
      if (forAll) part.member.send({ type: "stop", graceSeconds });
      part.member.leave();
      await part.member.closed;
    }
    await (await this.#prepared)?.abandon();
    this.#end({ type: "stopped" });
  }

  async #settle(port: number, patience: number): Promise<Problem | undefined> {
    let deadline = performance.now() + patience;
    for (let pause = shortestPause; !this.#isStopping; pause = Math.min(2 * pause, longestPause)) {
      const problem = await this.#own(port);
      if (problem?.code !== "port-taken") return problem;
      const joined = await this.#join(port);
      if (joined === "joined") return undefined;
      if (joined === "again") deadline = performance.now() + patience;
      if (performance.now() > deadline) return this.#withHolder(problem, port);
      await wait(pause * (1 + Math.random()));
    }
    return undefined;
  }

  async #own(port: number): Promise<Problem | undefined> {
    const reign = this.#newReign();
    try {
      await reign.begin(port);
    } catch (error) {
      return problemOf(error);
    }
    this.#reigns(reign);
    return undefined;
  }

  /** `again`: nobody owned the port in a way that one could join, but that is changing. */
  async #join(port: number): Promise<"joined" | "absent" | "again"> {
    this.#port = port;
    const { window, folder, processes } = this.#options;
    const leases = this.#leases;
    const joined = await Member.join(
      folder,
      port,
      { window, leases: [...leases] },
      {
        onMessage: (message) => this.#hear(message),
        onClose: () => this.#loseOwner(),
        onSilence: () => void this.#endSilence(),
      },
    );
    switch (joined.is) {
      case "absent":
        return "absent";
      case "silent": {
        const problem = await endIfStopped(port, processes);
        if (problem) throw new OneportError(problem);
        return "again";
      }
      case "refused": {
        const isNewer = joined.newest > versions.newest;
        if (!isNewer) joined.member.send({ type: "retire" });
        else joined.member.leave();
        await joined.member.closed;
        if (isNewer) throw new OneportError(newerOwner);
        return "again";
      }
      case "joined":
        this.#part = { is: "member", member: joined.member };
        if (leases !== this.#leases) joined.member.lend(this.#leases);
        if (this.#isWatching) joined.member.send({ type: "watch", isWatching: true });
        return "joined";
    }
  }

  async #joinWithin(port: number, milliseconds: number): Promise<boolean> {
    const deadline = performance.now() + milliseconds;
    for (let pause = shortestPause; !this.#isStopping; pause = Math.min(2 * pause, longestPause)) {
      if ((await this.#join(port)) === "joined") return true;
      if (performance.now() > deadline) return false;
      await wait(pause * (1 + Math.random()));
    }
    return false;
  }

  #newReign(): Reign {
    const { window, folder, openMux, emit } = this.#options;
    const returning = this.#lenders.slice(1).filter((lender) => lender.window.id !== window.id);
    return new Reign(this.#values, { window, leases: [...this.#leases] }, returning, {
      folder,
      openMux,
      hooks: {
        emit,
        onStop: (graceSeconds) => this.#endByAnother(graceSeconds),
        onRetire: () => this.#retire(),
      },
    });
  }

  #reigns(reign: Reign): void {
    this.#part = { is: "owner", reign };
    this.#port = reign.port;
    reign.configure(this.#values, this.#leases);
    if (this.#isWatching) reign.watch(true);
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
    const reign = this.#newReign();
    let answer: { readonly problem?: Problem } = {};
    try {
      await reign.prepare(this.#port);
    } catch (error) {
      answer = { problem: problemOf(error) };
    }
    if (this.#part.is === "member") this.#part.member.send({ type: "ready", ...answer });
    return answer.problem ? undefined : reign;
  }

  #loseOwner(): void {
    this.#part = { is: "none" };
    if (this.#isStopping) return;
    this.#resettle(() => this.#takeOver());
  }

  async #takeOver(): Promise<Problem | undefined> {
    const farewell = this.#farewell;
    const prepared = await this.#prepared;
    this.#farewell = undefined;
    this.#prepared = undefined;
    if (farewell?.type === "ended") {
      this.#end({ type: "stopped", forAll: true });
      return undefined;
    }
    const isOthers = farewell !== undefined && farewell.to !== this.#options.window.id;
    if (prepared && isOthers) await prepared.abandon();
    if (prepared && !isOthers && (await prepared.succeed(this.#port, successorPatience))) {
      this.#reigns(prepared);
      return undefined;
    }
    // All at once would only keep each other from it.
    const patience = isOthers ? successorPatience : this.#turn * turnPatience;
    if (patience > 0 && (await this.#joinWithin(this.#port, patience))) return undefined;
    return this.#settle(this.#port, takeOverPatience);
  }

  /** How many members come before this one, as the owner last told it. */
  get #turn(): number {
    const { window } = this.#options;
    return this.#lenders.slice(1).filter((other) => other.window.since < window.since).length;
  }

  #retire(): void {
    if (this.#part.is !== "owner" || this.#isStopping) return;
    const { reign } = this.#part;
    this.#part = { is: "none" };
    this.#resettle(async () => {
      reign.retire(retiredGrace).catch((error: unknown) => this.#tellProblem(error));
      if (await this.#joinWithin(this.#port, successorPatience)) return undefined;
      return this.#settle(this.#port, takeOverPatience);
    });
  }

  #resettle(settle: () => Promise<Problem | undefined>): void {
    this.#settling = this.#settling.then(settle).then(
      (problem) => problem && this.#fail(problem),
      (error: unknown) => this.#fail(problemOf(error)),
    );
  }

  async #endSilence(): Promise<void> {
    try {
      const problem = await endIfStopped(this.#port, this.#options.processes);
      if (problem) this.#options.emit({ type: "problem", problem });
    } catch (error) {
      this.#tellProblem(error);
    }
  }

  #endByAnother(graceSeconds: number): void {
    if (this.#part.is !== "owner" || this.#isStopping) return;
    const { reign } = this.#part;
    this.#isStopping = true;
    void reign
      .endForAll(graceSeconds * 1000)
      .catch((error: unknown) => this.#tellProblem(error))
      .finally(() => this.#end({ type: "stopped", forAll: true }));
  }

  #tellProblem(error: unknown): void {
    this.#options.emit({ type: "problem", problem: problemOf(error) });
  }

  #fail(problem: Problem): void {
    this.#options.emit({ type: "problem", problem });
    this.#end({ type: "stopped" });
  }

  #end(last: MuxEvent): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#options.emit(last);
    this.#options.onEnd();
  }

  async #withHolder(problem: Problem, port: number): Promise<Problem> {
    const holder = await this.#options.processes.holderOf(port);
    return holder ? { ...problem, message: `Port ${port} is taken by ${holder.words}.` } : problem;
  }
}

const newerOwner: Problem = {
  code: "owner-newer",
  message: "The mux is owned by a window with a newer version of Oneport, which this one cannot join.",
  remedy: "Reload this window, or update Oneport here.",
};
