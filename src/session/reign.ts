/** A mux and the control channels to its members, from this process' claim on the port to the end of its last connection. */
import { setTimeout as wait } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { problemOf } from "../core/errors.ts";
import type { MuxEvent } from "../core/events.ts";
import type { Lease } from "../core/leases.ts";
import type { Mux } from "../mux/mux.ts";
import type { ControlFolder } from "./control-folder.ts";
import type { WindowLeases } from "./messages.ts";
import { Owner, type OwnerHooks } from "./owner.ts";

/** Settings as they were written, by their full keys. */
export type Values = Readonly<Record<string, unknown>>;

/** A mux that follows settings. */
export interface OwnMux {
  readonly mux: Mux;
  readonly configure: (values: Values) => void;
}

export type OpenMux = (values: Values, emit: (event: MuxEvent) => void) => OwnMux;

interface ReignOptions {
  readonly folder: ControlFolder;
  readonly openMux: OpenMux;
  readonly hooks: Pick<OwnerHooks, "emit" | "onStop" | "onRetire">;
}

const lockTryMilliseconds = 2;

export class Reign {
  readonly #folder: ControlFolder;
  readonly #owner: Owner;
  readonly #own: OwnMux;
  #values: Values;

  /** `values`: the settings of this window; all but its routes count for the mux. `returning`: see `Owner`. */
  constructor(
    values: Values,
    self: WindowLeases,
    returning: readonly WindowLeases[],
    { folder, openMux, hooks }: ReignOptions,
  ) {
    this.#folder = folder;
    this.#values = values;
    this.#owner = new Owner(self, returning, {
      ...hooks,
      onRoutes: () => this.#own.configure(this.#merged),
      onWatch: (isWatching) => this.#own.mux.watch(isWatching),
      onRefresh: () => this.#own.mux.refresh(),
    });
    this.#own = openMux(this.#merged, (event) => this.#owner.tell(event));
  }

  get port(): number {
    return this.#own.mux.port;
  }

  /** Takes the port; rejects with a OneportError, and holds nothing then. */
  async begin(port: number): Promise<void> {
    try {
      await this.#own.mux.start(port);
      await this.#owner.open(this.#folder, this.port);
    } catch (error) {
      await this.abandon();
      throw error;
    }
  }

  /** Listens beside the owner, where the system can do that. Rejects with a OneportError for anything else. */
  async prepare(port: number): Promise<void> {
    try {
      await this.#own.mux.start(port, "successor");
    } catch (error) {
      if (problemOf(error).code === "port-taken") return;
      await this.abandon();
      throw error;
    }
  }

  /** After `prepare`: takes the port as soon as the owner has let it go. False when that takes longer; then it holds nothing. */
  async succeed(port: number, milliseconds: number): Promise<boolean> {
    const deadline = performance.now() + milliseconds;
    for (;;) {
      try {
        if (this.port === 0) await this.#own.mux.start(port);
        else await this.#own.mux.lock();
        await this.#owner.open(this.#folder, this.port);
        return true;
      } catch (error) {
        const isTaken = problemOf(error).code === "port-taken";
        if (!isTaken || performance.now() > deadline) {
          await this.abandon();
          if (isTaken) return false;
          throw error;
        }
        await wait(lockTryMilliseconds);
      }
    }
  }

  /** Does nothing for the values that it has. */
  configure(values: Values, leases: readonly Lease[]): void {
    if (values === this.#values) return;
    this.#values = values;
    const before = this.#owner.routes;
    this.#owner.lend(leases);
    // Other settings may have changed when the routes have not.
    if (isDeepStrictEqual(this.#owner.routes, before)) this.#own.configure(this.#merged);
  }

  watch(isWatching: boolean): void {
    this.#owner.watch(isWatching);
  }

  refresh(): void {
    this.#own.mux.refresh();
  }

  /** Leaves the port to a member, if there is one, and then ends what is open after the grace at the latest. */
  async handOver(graceMilliseconds: number): Promise<void> {
    await this.#owner.handOver();
    await this.#own.mux.release();
    await this.#own.mux.stop(graceMilliseconds);
  }

  /** Leaves the port to a newer version, which is no member. */
  async retire(graceMilliseconds: number): Promise<void> {
    this.#owner.close({ type: "handedOver", to: "newer" });
    await this.#own.mux.stop(graceMilliseconds);
  }

  async endForAll(graceMilliseconds: number): Promise<void> {
    this.#owner.close({ type: "ended" });
    await this.#own.mux.stop(graceMilliseconds);
  }

  /** Of one that never began. */
  async abandon(): Promise<void> {
    this.#owner.close();
    await this.#own.mux.stop(0);
  }

  get #merged(): Values {
    return { ...this.#values, "oneport.routes": this.#owner.routes };
  }
}
