/** Services that have begun to listen and look as if somebody here works on them, without a route yet: looked for while the tree is seen. */
import { type Disposable, EventEmitter } from "vscode";
import { ok } from "../core/errors.ts";
import type { Listening } from "../core/listening-ports.ts";
import { parseTarget } from "../core/parse-target.ts";
import { isDeveloped, leadsTo, mayBeSuggested, type Service } from "../core/service.ts";
import type { RouteEditing } from "./asking.ts";
import type { Suggestion } from "./row.ts";
import { askWhatTheySpeak, listServices, openFolders } from "./scouting.ts";
import { describeService, placeOf, routeTo } from "./service-rows.ts";

const lookMilliseconds = 5_000;

export class SuggestedServices implements Disposable {
  readonly #editing: RouteEditing;
  readonly #changed = new EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  /** Those that may be suggested, by `idOf`; each was asked once what it speaks. */
  #known: ReadonlyMap<string, Service> = new Map();
  #folders: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isVisible = false;
  #isLooking = false;

  constructor(editing: RouteEditing) {
    this.#editing = editing;
  }

  /** Without those that have got a route meanwhile. */
  get suggestions(): readonly Suggestion[] {
    return this.#suggested().map(([id, service]) => {
      const description = describeService(service).join(" · ");
      return { id, label: placeOf(service), ...(description !== "" && { description }) };
    });
  }

  service(id: string): Service | undefined {
    return this.#known.get(id);
  }

  /** Somebody sees the tree, or nobody does any more. */
  watch(isVisible: boolean): void {
    if (this.#isVisible === isVisible) return;
    this.#isVisible = isVisible;
    clearTimeout(this.#timer);
    if (isVisible) void this.#look();
  }

  dispose(): void {
    this.watch(false);
    this.#changed.dispose();
  }

  #suggested(): readonly (readonly [string, Service])[] {
    const { settings, state } = this.#editing;
    // Those of other windows too.
    const running = state().routes.flatMap(({ targets }) => targets.map(parseTarget));
    const hasRoute = (service: Service) =>
      routeTo(service, settings.routes) !== undefined ||
      running.some((target) => target.ok && leadsTo(target.value, service));
    return [...this.#known].filter(
      ([, service]) => isDeveloped(service, this.#folders) && !hasRoute(service),
    );
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    await this.#find().finally(() => {
      this.#isLooking = false;
    });
    if (this.#isVisible) this.#timer = setTimeout(() => void this.#look(), lookMilliseconds);
  }

  /** What cannot be found out now may be at the next look; Add Route says why. */
  async #find(): Promise<void> {
    const { state, workerEntry } = this.#editing;
    const [folders, listed] = await Promise.all([openFolders(), listServices(state())]);
    if (!listed.ok) return;
    this.#folders = [...folders.keys()];
    const present = listed.value.filter((service) => mayBeSuggested(service, this.#folders));
    const strange = present.filter((service) => !this.#known.has(idOf(service)));
    const asked = strange.length > 0 ? await askWhatTheySpeak(strange, workerEntry) : ok([]);
    const answered = asked.ok ? asked.value : [];
    const before = this.#known;
    const now = [...before.values(), ...answered].map((service) => [idOf(service), service] as const);
    const ids = new Set(present.map(idOf));
    this.#known = new Map(now.filter(([id]) => ids.has(id)));
    const isSame = this.#known.size === before.size && [...before.keys()].every((id) => ids.has(id));
    if (!isSame) this.#changed.fire();
  }
}

/** Another process on the same port is another service. */
function idOf({ port, process }: Listening): string {
  return `${port} ${process?.pid ?? 0}`;
}
