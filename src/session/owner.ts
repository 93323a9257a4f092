/** The owner's side of the control channels: takes members in, merges what they lend, and tells everyone what happens. */
import type net from "node:net";
import { isDeepStrictEqual } from "node:util";
import type { MuxEvent } from "../core/events.ts";
import type { Lease, MergedLeases } from "../core/leases.ts";
import { lineOf } from "./channel.ts";
import type { ControlFolder } from "./control-folder.ts";
import { ControlListener } from "./control-listener.ts";
import { Lenders } from "./lenders.ts";
import { type ToMember, type ToOwner, versions, type Window, type WindowLeases } from "./messages.ts";
import { Peer } from "./peer.ts";
import { Picture } from "./picture.ts";

/** A window that was with the owner before keeps its routes for so long, until it must have come to this one. */
const mostReturnMilliseconds = 5000;

export interface OwnerHooks {
  /** To this window itself. */
  readonly emit: (event: MuxEvent) => void;
  /** What all windows together lend is another table now. */
  readonly onRoutes: (routes: MergedLeases["routes"]) => void;
  /** Somebody, here or elsewhere, looks; or nobody does any more. */
  readonly onWatch: (isWatching: boolean) => void;
  readonly onRefresh: () => void;
  /** Somebody ends it for all. */
  readonly onStop: (graceSeconds: number) => void;
  /** A newer version, which cannot be a member, wants to own the mux. */
  readonly onRetire: () => void;
}

export class Owner {
  readonly #self: Window;
  readonly #hooks: OwnerHooks;
  readonly #lenders: Lenders;
  readonly #picture = new Picture();
  readonly #peers = new Set<Peer>();
  readonly #listener = new ControlListener({
    onSocket: (socket) => this.#meet(socket),
    onProblem: (problem) => this.tell({ type: "problem", problem }),
  });
  readonly #early: MuxEvent[] = [];
  #returning: NodeJS.Timeout | undefined;
  #isWatching = false;
  #phase: "early" | "open" | "closed" = "early";

  /** `returning`: the windows that are expected to come, because they were with the owner before. */
  constructor(self: WindowLeases, returning: readonly WindowLeases[], hooks: OwnerHooks) {
    this.#self = self.window;
    this.#hooks = hooks;
    this.#lenders = new Lenders([self, ...returning]);
  }

  get routes(): MergedLeases["routes"] {
    return this.#lenders.merged.routes;
  }

  /** For who has the port. Only now is anything told. Throws as `ControlListener.open` does. */
  async open(folder: ControlFolder, port: number): Promise<void> {
    await this.#listener.open(folder, port);
    this.#phase = "open";
    this.#returning = setTimeout(() => this.#forgetAbsent(), mostReturnMilliseconds);
    for (const event of this.#early.splice(0)) this.tell(event);
    this.#announce();
  }

  /** What the mux says, told to everyone. */
  tell(event: MuxEvent): void {
    if (event.type === "stopped") return;
    if (this.#phase === "early") return void this.#early.push(event);
    const told = event.type === "routes" ? this.#withWindows(event) : event;
    this.#picture.add(told);
    if (told.type !== "open" || this.#isWatching) this.#hooks.emit(told);
    if (this.#peers.size === 0) return;
    const line = lineOf({ type: "event", event: told });
    for (const peer of this.#peers) peer.tell(told, line);
  }

  /** What this window lends itself. */
  lend(leases: readonly Lease[]): void {
    this.#change(() => this.#lenders.lend(this.#self, leases));
  }

  watch(isWatching: boolean): void {
    this.#isWatching = isWatching;
    this.#watchTogether();
  }

  /** Fulfilled when a member that is ready has been told to own the mux now, or when there is none. */
  async handOver(): Promise<void> {
    for (const { peer, window } of this.#members()) {
      if (await peer.canSucceed()) return this.close({ type: "handedOver", to: window.id });
    }
    this.close();
  }

  /** Nobody can come any more. `last` is said to everyone. */
  close(last?: ToMember): void {
    this.#phase = "closed";
    clearTimeout(this.#returning);
    this.#listener.close();
    for (const peer of this.#peers) peer.end(last);
    this.#peers.clear();
  }

  #meet(socket: net.Socket): void {
    const peer = new Peer(socket, {
      onMessage: (message) => this.#hear(peer, message),
      onClose: () => this.#left(peer),
    });
    this.#peers.add(peer);
  }

  #hear(peer: Peer, message: ToOwner): void {
    if (message.type === "hello") return this.#welcome(peer, message);
    if (message.type === "retire") return this.#hooks.onRetire();
    if (!peer.isWelcome) return peer.destroy();
    switch (message.type) {
      case "lend":
        return this.#lend(peer.window, message.leases);
      case "watch":
        peer.isWatching = message.isWatching;
        return this.#watchTogether();
      case "refresh":
        return this.#hooks.onRefresh();
      case "count":
        return peer.send({ type: "tally", routes: this.#picture.tally });
      case "stop":
        return this.#hooks.onStop(message.graceSeconds);
      case "ready":
        return;
      case "ping":
        return peer.send({ type: "pong" });
    }
  }

  /** A member that has lost its channel may be back before the loss is noticed here: the new one counts. */
  #welcome(peer: Peer, { versions: theirs, lender }: Extract<ToOwner, { type: "hello" }>): void {
    const version = Math.min(theirs.newest, versions.newest);
    if (version < Math.max(theirs.oldest, versions.oldest)) return peer.send({ type: "refused", versions });
    peer.isWelcome = true;
    peer.send({ type: "welcome", version });
    for (const event of this.#picture.events) peer.send({ type: "event", event });
    if (!lender) return peer.send({ type: "event", event: this.#session("member", "") });
    if (lender.window.id === this.#self.id) return peer.destroy();
    for (const { peer: before, window } of this.#members())
      if (window.id === lender.window.id) before.destroy();
    peer.window = lender.window;
    this.#lend(lender.window, lender.leases);
  }

  #left(peer: Peer): void {
    const { window, isWatching } = peer;
    this.#peers.delete(peer);
    if (this.#phase === "closed") return;
    if (isWatching) this.#watchTogether();
    if (!window || this.#members().some((other) => other.window.id === window.id)) return;
    this.#change(() => this.#lenders.leave([window.id]));
  }

  #forgetAbsent(): void {
    const here = new Set([this.#self.id, ...this.#members().map(({ window }) => window.id)]);
    const absent = this.#lenders.list.map(({ window }) => window.id).filter((id) => !here.has(id));
    if (absent.length > 0) this.#change(() => this.#lenders.leave(absent));
  }

  #lend(window: Window | undefined, leases: readonly Lease[]): void {
    if (window) this.#change(() => this.#lenders.lend(window, leases));
  }

  #change(change: () => void): void {
    const before = this.#lenders.merged;
    change();
    const { routes, lenders } = this.#lenders.merged;
    if (!isDeepStrictEqual(routes, before.routes)) this.#hooks.onRoutes(routes);
    else if (!isDeepStrictEqual(lenders, before.lenders) && this.#picture.routes)
      this.tell(this.#picture.routes);
    if (this.#phase === "open") this.#announce();
  }

  #announce(): void {
    const others = this.#lenders.list.filter(({ window }) => window.id !== this.#self.id);
    const lenders = this.#lenders.list.filter(({ window }) => window.id === this.#self.id).concat(others);
    this.#hooks.emit(this.#session("owner", this.#self.id));
    for (const { peer, window } of this.#members()) {
      peer.send({ type: "leases", lenders });
      peer.send({ type: "event", event: this.#session("member", window.id) });
    }
    for (const { between, problem } of this.#lenders.newConflicts()) {
      const event: MuxEvent = { type: "problem", problem };
      if (between.includes(this.#self.id)) this.#hooks.emit(event);
      for (const { peer, window } of this.#members()) {
        if (between.includes(window.id)) peer.send({ type: "event", event });
      }
    }
  }

  #session(role: "owner" | "member", own: string): MuxEvent {
    return { type: "session", role, own, windows: this.#lenders.describe(this.#self.id) };
  }

  /** Of one window alone nobody needs to know whose the routes are. */
  #withWindows(event: Extract<MuxEvent, { type: "routes" }>): MuxEvent {
    const isAlone = this.#lenders.list.length === 1;
    const { lenders } = this.#lenders.merged;
    const routes = event.routes.map(({ windows: _, ...route }) =>
      isAlone ? route : { ...route, windows: [...(lenders.get(route.domain) ?? [])] },
    );
    return { ...event, routes };
  }

  #watchTogether(): void {
    this.#hooks.onWatch(this.#isWatching || [...this.#peers].some((peer) => peer.isWatching));
  }

  /** The one that has been there longest first. */
  #members(): { readonly peer: Peer; readonly window: Window }[] {
    const members = [...this.#peers].flatMap((peer) => (peer.window ? [{ peer, window: peer.window }] : []));
    return members.sort((a, b) => a.window.since - b.window.since);
  }
}
