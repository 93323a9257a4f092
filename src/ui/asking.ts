/** What the questions about one route share: the routes there are, and the services that are found while one answers. */
import type { MuxState } from "../core/mux-state.ts";
import { folderOf, type Service } from "../core/service.ts";
import type { RouteEdits } from "./edit-settings.ts";
import type { RouteSettings } from "./route-settings.ts";
import { openFolders, Scouting } from "./scouting.ts";
import { domainForTyped, suggestFor } from "./suggest-domain.ts";
import type { TargetValue } from "./typed-target.ts";

/** What all questions about routes need. */
export interface RouteEditing {
  readonly edits: RouteEdits;
  readonly settings: RouteSettings;
  readonly state: () => MuxState;
  /** The file of the worker, which asks services what they speak. */
  readonly workerEntry: string;
}

/** What was chosen: a service, or targets that were typed. */
export type ServiceChoice =
  | { readonly is: "service"; readonly service: Service }
  | { readonly is: "typed"; readonly targets: TargetValue };

/** What a choice of a service comes to. */
export interface Plan {
  readonly targets: TargetValue;
  readonly domain: string;
  /** The URI of the open folder that the service runs in. */
  readonly folder: string | undefined;
}

export class Asking {
  readonly scouting = new Scouting();
  /** The open folders' paths. */
  readonly folders: readonly string[];
  readonly #editing: RouteEditing;
  readonly #uris: ReadonlyMap<string, string>;

  private constructor(editing: RouteEditing, uris: ReadonlyMap<string, string>) {
    this.#editing = editing;
    this.#uris = uris;
    this.folders = [...uris.keys()];
  }

  static async begin(editing: RouteEditing): Promise<Asking> {
    return new Asking(editing, await openFolders());
  }

  get routes() {
    return this.#editing.settings.routes;
  }

  /** All that the mux has, those of other windows too. */
  get running() {
    return this.#editing.state().routes;
  }

  get taken(): readonly string[] {
    return [...this.routes, ...this.running].map(({ domain }) => domain);
  }

  look(): void {
    this.scouting.look(this.#editing.state(), this.#editing.workerEntry);
  }

  plan(choice: ServiceChoice): Plan {
    const names = { services: this.scouting.services, folders: this.folders, taken: this.taken };
    if (choice.is === "typed") {
      const { targets } = choice;
      return { targets, domain: domainForTyped(targets, names), folder: undefined };
    }
    const { target, domain } = suggestFor(choice.service, names);
    const folder = folderOf(choice.service, this.folders);
    return { targets: target, domain, folder: folder === undefined ? undefined : this.#uris.get(folder) };
  }

  [Symbol.dispose](): void {
    this.scouting.dispose();
  }
}
