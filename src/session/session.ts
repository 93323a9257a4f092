/** This process' part in the mux: its owner or a member, whichever is free, until it is stopped. */
import { OneportError, type Problem, problemOf } from "../core/errors.ts";
import type { MuxEvent } from "../core/events.ts";
import { type Lease, leasesOf } from "../core/leases.ts";
import { Backoff } from "./backoff.ts";
import type { ControlFolder } from "./control-folder.ts";
import { Membership } from "./membership.ts";
import type { Window, WindowLeases } from "./messages.ts";
import { type OpenMux, Reign, type Values } from "./reign.ts";
import type { Processes } from "./silent-owner.ts";

interface SessionOptions {
  readonly window: Window;
  readonly folder: ControlFolder;
  readonly processes: Processes;
  readonly openMux: OpenMux;
  readonly emit: (event: MuxEvent) => void;
  /** After the last event. */
  readonly onEnd: () => void;
}

/** In milliseconds, as all that follow. Somebody who has the port and no channel yet may be about to open one. */
const startPatience = 1000;
/** When an owner has gone there is another one at once, or something is wrong. */
const takeOverPatience = 5000;
/** Within this a successor has the port; until then nobody else tries to. */
const successorPatience = 1000;
/** Without a successor the member that has been there longest goes first; each other one waits so much longer for it. */
const turnPatience = 50;
/** For what is open in one that makes room for a newer version. */
const retiredGrace = 5000;

type Part =
  | { readonly is: "owner"; readonly reign: Reign }
  | { readonly is: "member"; readonly membership: Membership }
  | { readonly is: "none" };

export class Session {
  readonly #options: SessionOptions;
  #values: Values;
  #leases: readonly Lease[];
  #port = 0;
  #part: Part = { is: "none" };
  /** The way from one part to the next; fulfilled when there is none to go. */
  #settling = Promise.resolve();
  #isWatching = false;
  #isStopping = false;
  /** Told behind the next `listening`: a problem before that is taken for a start that failed. */
  readonly #ownersEnded: Problem[] = [];
  readonly #ended = Promise.withResolvers<void>();

  constructor(values: Values, options: SessionOptions) {
    this.#options = options;
    this.#values = values;
    this.#leases = leasesOf(values["oneport.routes"], [], Date.now());
  }

  /**
   * Joins the mux that runs on any of these ports, or else owns one on the first that can be had. Rejects with a OneportError.
   */
  async start(ports: readonly number[]): Promise<void> {
    try {
      await this.#startOn(ports);
    } catch (error) {
      throw new OneportError(this.#withOwnersEnded(problemOf(error)), { cause: error });
    }
  }

  async #startOn(ports: readonly number[]): Promise<void> {
    if (ports.length > 1) {
      for (const port of ports) if ((await this.#join(port)) === "joined") return;
    }
    let problem: Problem | undefined;
    for (const port of ports) {
      problem = await this.#settle(port, startPatience, []);
      if (!problem) return;
    }
    if (problem) throw new OneportError(problem);
  }

  configure(values: Values): void {
    this.#values = values;
    this.#leases = leasesOf(values["oneport.routes"], this.#leases, Date.now());
    if (this.#part.is === "owner") this.#part.reign.configure(values, this.#leases);
    if (this.#part.is === "member") this.#part.membership.member?.lend(this.#leases);
  }

  watch(isWatching: boolean): void {
    this.#isWatching = isWatching;
    if (this.#part.is === "owner") this.#part.reign.watch(isWatching);
    if (this.#part.is === "member") this.#part.membership.member?.send({ type: "watch", isWatching });
  }

  refresh(): void {
    if (this.#part.is === "owner") this.#part.reign.refresh();
    if (this.#part.is === "member") this.#part.membership.member?.send({ type: "refresh" });
  }

  /** Leaves, or ends it for all; fulfilled after the last event. */
  async stop(graceSeconds: number, forAll = false): Promise<void> {
    if (this.#isStopping) return this.#ended.promise;
    this.#isStopping = true;
    await this.#settling;
    const part = this.#part;
    this.#part = { is: "none" };
    const grace = graceSeconds * 1000;
    if (part.is === "owner") await (forAll ? part.reign.endForAll(grace) : part.reign.handOver(grace));
    if (part.is === "member") {
      if (forAll) part.membership.member?.send({ type: "stop", graceSeconds });
      await part.membership.leave();
    }
    this.#end({ type: "stopped" });
  }

  /** Owns the port or joins its owner, whichever is possible first. `returning`: who was there with the owner before. */
  async #settle(
    port: number,
    patience: number,
    returning: readonly WindowLeases[],
  ): Promise<Problem | undefined> {
    let deadline = performance.now() + patience;
    const backoff = new Backoff();
    while (!this.#isStopping) {
      const problem = await this.#own(port, returning);
      if (problem?.code !== "port-taken") return problem;
      const asked = performance.now();
      const joined = await this.#join(port);
      if (joined === "joined") return undefined;
      // An owner that says nothing for long and then goes has not used up its successor's time.
      deadline += performance.now() - asked;
      if (joined === "again") deadline = performance.now() + patience;
      if (performance.now() > deadline) return this.#withHolder(problem, port);
      await backoff.pause();
    }
    return undefined;
  }

  async #own(port: number, returning: readonly WindowLeases[]): Promise<Problem | undefined> {
    const reign = this.#newReign(returning);
    try {
      await reign.begin(port);
    } catch (error) {
      return problemOf(error);
    }
    this.#reigns(reign);
    return undefined;
  }

  async #join(port: number): Promise<"joined" | "absent" | "again"> {
    const { folder, processes } = this.#options;
    const leases = this.#leases;
    const membership = await Membership.join({
      folder,
      port,
      processes,
      emit: (event) => this.#emit(event),
      onOwnerEnded: (problem) => this.#ownersEnded.push(problem),
      self: this.#self,
      newReign: (returning) => this.#newReign(returning),
      onClose: (closed, problem) => this.#loseOwner(closed, problem),
    });
    if (typeof membership === "string") return membership;
    this.#part = { is: "member", membership };
    this.#port = port;
    if (leases !== this.#leases) membership.member?.lend(this.#leases);
    if (this.#isWatching) this.watch(true);
    return "joined";
  }

  async #joinWithin(port: number, milliseconds: number): Promise<boolean> {
    const deadline = performance.now() + milliseconds;
    const backoff = new Backoff();
    while (!this.#isStopping) {
      if ((await this.#join(port)) === "joined") return true;
      if (performance.now() > deadline) return false;
      await backoff.pause();
    }
    return false;
  }

  #newReign(returning: readonly WindowLeases[]): Reign {
    const { folder, openMux } = this.#options;
    const onStop = (graceSeconds: number) => this.#endByAnother(graceSeconds);
    const emit = (event: MuxEvent) => this.#emit(event);
    const hooks = { emit, onStop, onRetire: () => this.#retire() };
    return new Reign(this.#values, this.#self, returning, { folder, openMux, hooks });
  }

  get #self(): WindowLeases {
    return { window: this.#options.window, leases: [...this.#leases] };
  }

  #reigns(reign: Reign): void {
    this.#part = { is: "owner", reign };
    this.#port = reign.port;
    reign.configure(this.#values, this.#leases);
    if (this.#isWatching) this.watch(true);
  }

  #loseOwner(membership: Membership, problem: Problem | undefined): void {
    this.#part = { is: "none" };
    if (!this.#isStopping) this.#resettle(() => this.#takeOver(membership, problem));
  }

  async #takeOver(membership: Membership, problem: Problem | undefined): Promise<Problem | undefined> {
    const { farewell, others } = membership;
    const prepared = await membership.prepared;
    const { window } = this.#options;
    if (problem) {
      // The owner has not gone, and whoever joined it again would hear the same.
      await prepared?.abandon();
      return problem;
    }
    if (farewell?.type === "ended") {
      this.#isStopping = true;
      this.#end({ type: "stopped", forAll: true });
      return undefined;
    }
    const isOthers = farewell !== undefined && farewell.to !== window.id;
    if (prepared && isOthers) await prepared.abandon();
    if (prepared && !isOthers && (await prepared.succeed(this.#port, successorPatience))) {
      this.#reigns(prepared);
      return undefined;
    }
    // All at once would only keep each other from it.
    const turn = others.filter((other) => other.window.since < window.since).length;
    const patience = isOthers ? successorPatience : turn * turnPatience;
    if (patience > 0 && (await this.#joinWithin(this.#port, patience))) return undefined;
    return this.#settle(this.#port, takeOverPatience, others);
  }

  #retire(): void {
    if (this.#part.is !== "owner" || this.#isStopping) return;
    const { reign } = this.#part;
    this.#part = { is: "none" };
    reign.retire(retiredGrace).catch((error: unknown) => this.#tellProblem(error));
    this.#resettle(async () => {
      if (await this.#joinWithin(this.#port, successorPatience)) return undefined;
      return this.#settle(this.#port, takeOverPatience, []);
    });
  }

  #resettle(settle: () => Promise<Problem | undefined>): void {
    this.#settling = this.#settling.then(settle).then(
      (problem) => problem && this.#fail(problem),
      (error: unknown) => this.#fail(problemOf(error)),
    );
  }

  #endByAnother(graceSeconds: number): void {
    if (this.#part.is !== "owner" || this.#isStopping) return;
    this.#isStopping = true;
    void this.#part.reign
      .endForAll(graceSeconds * 1000)
      .catch((error: unknown) => this.#tellProblem(error))
      .finally(() => this.#end({ type: "stopped", forAll: true }));
  }

  #emit(event: MuxEvent): void {
    this.#options.emit(event);
    if (event.type !== "listening") return;
    for (const problem of this.#ownersEnded.splice(0)) this.#options.emit({ type: "problem", problem });
  }

  /** Where it never comes to listen, what it ended on the way is told with the reason for that. */
  #withOwnersEnded(problem: Problem): Problem {
    const ended = this.#ownersEnded.splice(0).map(({ message }) => message);
    return { ...problem, message: [...ended, problem.message].join(" ") };
  }

  #tellProblem(error: unknown): void {
    this.#options.emit({ type: "problem", problem: problemOf(error) });
  }

  #fail(failure: Problem): void {
    const problem = this.#withOwnersEnded(failure);
    this.#isStopping = true;
    this.#options.emit({ type: "problem", problem });
    this.#end({ type: "stopped", problem });
  }

  #end(last: MuxEvent): void {
    this.#options.emit(last);
    this.#options.onEnd();
    this.#ended.resolve();
  }

  async #withHolder(problem: Problem, port: number): Promise<Problem> {
    const holder = await this.#options.processes.holderOf(port);
    return holder ? { ...problem, message: `Port ${port} is taken by ${holder.words}.` } : problem;
  }
}
