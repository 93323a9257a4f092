/** The routes as this window's settings have them, one by one: where each is written, what it says and what becomes of it. */
import { Disposable, EventEmitter, type Uri, workspace } from "vscode";
import { normalKey } from "../core/domain.ts";
import type { PlacedRoute } from "../core/merge-routes.ts";
import { isRecord } from "../core/record.ts";
import { parseRoutes, type Route, type RouteProblem } from "../core/route.ts";
import { lastGood, onFileWritten } from "./last-good.ts";
import { mergePlaces, readSettings, type SettingsPlace, settingsPlaces } from "./route-places.ts";
import { savedText, workspaceDocuments } from "./settings-documents.ts";
import { readSettingsText, type SettingsForm } from "./settings-marks.ts";

export interface WrittenRoute {
  readonly place: SettingsPlace;
  /** As written. */
  readonly key: string;
  readonly value: unknown;
  /** In normal form; as written where it is no domain. */
  readonly domain: string;
  /** Absent when there are problems, or when it is disabled. */
  readonly route?: Route;
  readonly problems: readonly RouteProblem[];
  readonly fate:
    | PlacedRoute["fate"]
    | { readonly is: "disabled" }
    | { readonly is: "broken" }
    /** Nothing from a workspace that is not trusted acts. */
    | { readonly is: "untrusted" };
}

export class RouteSettings implements Disposable {
  readonly #changed = new EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly #owned = Disposable.from(
    this.#changed,
    workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("oneport.routes")) void this.read();
    }),
    workspace.onDidChangeWorkspaceFolders(() => void this.read()),
    workspace.onDidGrantWorkspaceTrust(() => void this.read()),
    // VS Code tells nothing when a file that is mended says what was left of it while it was broken.
    onFileWritten(() => this.#broken.length > 0 && void this.read()),
  );
  #places = settingsPlaces();
  #routes: readonly WrittenRoute[] = [];
  #broken: readonly Uri[] = [];
  /** Only the last of several readings at once counts. */
  #reading = 0;

  get routes(): readonly WrittenRoute[] {
    return this.#routes;
  }

  /** The paths of files that are no JSON just now, so that what they said before counts. */
  get brokenFiles(): readonly string[] {
    return this.#broken.map(({ fsPath }) => fsPath);
  }

  /** What the mux is given: all settings, with the last good routes of each place. */
  get values(): Readonly<Record<string, unknown>> {
    return readSettings(this.#places);
  }

  async read(): Promise<void> {
    const reading = ++this.#reading;
    const { places, broken } = await lastGood(settingsPlaces(), this.#places);
    const routes = [...writtenIn(places), ...(workspace.isTrusted ? [] : await untrustedRoutes(places))];
    if (reading !== this.#reading) return;
    this.#places = places;
    this.#broken = broken;
    this.#routes = routes;
    this.#changed.fire();
  }

  dispose(): void {
    this.#owned.dispose();
  }
}

function writtenIn(places: readonly SettingsPlace[]): WrittenRoute[] {
  const byId = new Map(places.map((place) => [place.id, place]));
  return mergePlaces(places).routes.flatMap(({ place: id, key, value, fate }) => {
    const place = byId.get(id);
    return place ? [written(place, key, value, fate)] : [];
  });
}

function written(
  place: SettingsPlace,
  key: string,
  value: unknown,
  fate: WrittenRoute["fate"],
): WrittenRoute {
  const { routes, disabled, problems } = parseRoutes({ [key]: value });
  const [route] = routes;
  const common = { place, key, value, domain: normalKey(key), problems };
  if (fate.is === "untrusted") return { ...common, fate, ...(route && { route }) };
  if (disabled.length > 0) return { ...common, fate: { is: "disabled" } };
  if (!route) return { ...common, fate: { is: "broken" } };
  return { ...common, route, fate };
}

/** VS Code hides what an untrusted workspace says, so its files are read for what would act if it were trusted. */
async function untrustedRoutes(places: readonly SettingsPlace[]): Promise<WrittenRoute[]> {
  const found = await Promise.all(
    workspaceDocuments().map(async ({ uri, form, place: id }) => {
      const place = places.find((each) => each.id === id);
      const routes = place ? await routesInFile(uri, form) : {};
      return Object.entries(routes).flatMap(([key, value]) =>
        place ? written(place, key, value, { is: "untrusted" }) : [],
      );
    }),
  );
  return found.flat();
}

async function routesInFile(uri: Uri, form: SettingsForm): Promise<Readonly<Record<string, unknown>>> {
  const text = (await savedText(uri)) ?? "";
  const routes = readSettingsText(text, form)?.values["oneport.routes"];
  return isRecord(routes) ? routes : {};
}
