/** Whether this machine is set up for the routes: names that lead elsewhere, and stores that do not trust the authority. */
import { type Disposable, EventEmitter } from "vscode";
import { type Problem, problemOf } from "../core/errors.ts";
import { hostsEntries } from "../core/hosts-block.ts";
import { isWithinAuthority } from "../core/local-names.ts";
import type { Route } from "../core/route.ts";
import { rootFileIn } from "../platform/state.ts";
import { todaysRoot } from "../platform/trusted-roots.ts";
import { namesElsewhere } from "./hosts-change.ts";
import type { MachineFacts } from "./route-facts.ts";
import { type Standing, standingOf, type TrustContext } from "./trust-change.ts";

type SetupContext = TrustContext & { readonly routes: () => readonly Route[] };

export class MachineSetup implements Disposable, MachineFacts {
  readonly #context: SetupContext;
  readonly #usesAuthority: () => boolean;
  readonly #changed = new EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  #elsewhere: ReadonlyMap<string, Problem> = new Map();
  #looked: ReadonlySet<string> | undefined;
  #standing: Standing = "unknown";
  #last: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(context: SetupContext, usesAuthority: () => boolean) {
    this.#context = context;
    this.#usesAuthority = usesAuthority;
  }

  /** Why a name does not lead here, by name. */
  get elsewhere(): ReadonlyMap<string, Problem> {
    return this.#elsewhere;
  }

  /** There is a store that does not trust the authority, which signs for some route. */
  get isDistrusted(): boolean {
    return this.#standing === "distrusted";
  }

  /** Undefined while nobody has looked, and for names that need no look-up. */
  readonly resolves: MachineFacts["resolves"] = (name) =>
    this.#looked?.has(name) ? !this.#elsewhere.has(name) : undefined;

  /** The user's own files are not looked into. */
  readonly certificateOf: MachineFacts["certificateOf"] = (name) => {
    if (!this.#usesAuthority() || !isWithinAuthority(name)) return { by: "itself" };
    const rootFile = rootFileIn(this.#context.stateDirectory);
    return { by: "authority", rootFile, isTrusted: this.#standing === "trusted" };
  };

  /** Looks at it all, after a look that is under way; calls that come meanwhile share the next one. */
  check(): Promise<void> {
    this.#next ??= this.#last.then(() => {
      this.#next = undefined;
      return this.#look();
    });
    this.#last = this.#next;
    return this.#last;
  }

  dispose(): void {
    this.#changed.dispose();
  }

  async #look(): Promise<void> {
    try {
      const routes = this.#context.routes();
      const looks = [namesElsewhere(routes), this.#findStanding()] as const;
      [this.#elsewhere, this.#standing] = await Promise.all(looks);
      this.#looked = new Set(hostsEntries(routes).map(({ name }) => name));
      this.#changed.fire();
    } catch (error) {
      this.#context.log.warn(problemOf(error).message);
    }
  }

  /** An authority that has not been made yet is trusted by nobody. */
  async #findStanding(): Promise<Standing> {
    const endsTls = this.#context.routes().some(({ kind }) => kind !== "tls");
    if (!endsTls || !this.#usesAuthority()) return "unknown";
    const root = await todaysRoot(this.#context.stateDirectory);
    return root ? standingOf(root, this.#context) : "distrusted";
  }
}
