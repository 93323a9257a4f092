/** The routes as this window's settings have them, one by one: where each is written, what it says and what becomes of it. */
import { Disposable, EventEmitter, Uri, workspace } from "vscode";
import { normalKey } from "../core/domain.ts";
import type { PlacedRoute } from "../core/merge-routes.ts";
import { parseRoutes, type Route, type RouteProblem } from "../core/route.ts";
import { mergePlaces, type SettingsPlace, settingsPlaces } from "./route-places.ts";
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

export class RouteSettings extends Disposable {
  readonly #changed = new EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  #routes: readonly WrittenRoute[] = [];
  /** Only the last of several readings at once counts. */
  #reading = 0;

  constructor() {
    const subscriptions = [
      workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration("oneport.routes")) void this.read();
      }),
      workspace.onDidChangeWorkspaceFolders(() => void this.read()),
      workspace.onDidGrantWorkspaceTrust(() => void this.read()),
    ];
    super(() => Disposable.from(...subscriptions, this.#changed).dispose());
  }

  get routes(): readonly WrittenRoute[] {
    return this.#routes;
  }

  async read(): Promise<void> {
    const reading = ++this.#reading;
    const places = settingsPlaces();
    const routes = [...writtenIn(places), ...(workspace.isTrusted ? [] : await untrustedRoutes(places))];
    if (reading !== this.#reading) return;
    this.#routes = routes;
    this.#changed.fire();
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
    untrustedFiles(places).map(async ({ place, file, form }) => {
      const routes = await routesInFile(file, form);
      return Object.entries(routes).map(([key, value]) => written(place, key, value, { is: "untrusted" }));
    }),
  );
  return found.flat();
}

interface UntrustedFile {
  readonly place: SettingsPlace;
  readonly file: Uri;
  readonly form: SettingsForm;
}

function untrustedFiles(places: readonly SettingsPlace[]): UntrustedFile[] {
  const workspacePlace = places.find(({ kind }) => kind === "workspace");
  const { workspaceFile, workspaceFolders = [] } = workspace;
  const inFolders = workspaceFolders.flatMap((folder): UntrustedFile[] => {
    const place = places.find((each) => each.folder === folder) ?? workspacePlace;
    const file = Uri.joinPath(folder.uri, ".vscode", "settings.json");
    return place ? [{ place, file, form: "settings" }] : [];
  });
  if (!workspacePlace || !workspaceFile) return inFolders;
  return [{ place: workspacePlace, file: workspaceFile, form: "workspace" }, ...inFolders];
}

async function routesInFile(file: Uri, form: SettingsForm): Promise<Readonly<Record<string, unknown>>> {
  const text = await workspace.fs.readFile(file).then(
    (bytes) => new TextDecoder().decode(bytes),
    // A folder without settings has no routes.
    () => "",
  );
  const value = readSettingsText(text, form)?.values["oneport.routes"];
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
