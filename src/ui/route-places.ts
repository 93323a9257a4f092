/** Where routes are written in VS Code: the user's settings, the workspace's and each folder's, and what they say. */
import { ConfigurationTarget, l10n, type Uri, type WorkspaceFolder, workspace } from "vscode";
import { type MergedRoutes, mergeRoutes } from "../core/merge-routes.ts";
import { settingKeys } from "../core/settings.ts";
import { folderName, type NamedFolder } from "./folder-names.ts";

export interface SettingsPlace {
  /** `user`, `workspace`, or the folder's URI. */
  readonly id: string;
  readonly kind: "user" | "workspace" | "folder";
  /** For people: "User", "Workspace", or what tells the folder from others. */
  readonly name: string;
  readonly folder?: WorkspaceFolder;
  readonly target: ConfigurationTarget;
  /** The value of `oneport.routes` there, as a plain copy; undefined where it is not set. */
  readonly value: unknown;
  /** What each of two files says that make up the value; in a window that is not remote all is in the local one. */
  readonly files?: UserFiles;
}

/** The user's settings of their own machine, and those that a remote window has beside them in a file of the remote machine. */
interface UserFiles {
  readonly local: unknown;
  readonly remote: unknown;
}

/** As VS Code gives it: its types leave out the two files, so there may come a time without them. */
interface Inspected {
  readonly globalValue?: unknown;
  readonly globalLocalValue?: unknown;
  readonly globalRemoteValue?: unknown;
}

/** Nearer to the work is later; a window with one folder has no folder places, for there the workspace is that folder. */
export function settingsPlaces(): readonly SettingsPlace[] {
  const inspected = (scope?: Uri) => workspace.getConfiguration("oneport", scope).inspect<unknown>("routes");
  const all = inspected();
  const files = userFiles(all);
  const places: SettingsPlace[] = [
    {
      id: "user",
      kind: "user",
      name: l10n.t("User"),
      target: ConfigurationTarget.Global,
      value: plain(all?.globalValue),
      ...(files && { files }),
    },
  ];
  const folders = workspace.workspaceFolders ?? [];
  if (folders.length > 0) {
    places.push({
      id: "workspace",
      kind: "workspace",
      name: l10n.t("Workspace"),
      target: ConfigurationTarget.Workspace,
      value: plain(all?.workspaceValue),
    });
  }
  // Without a .code-workspace file the folder's settings are the workspace's.
  if (!workspace.workspaceFile) return places;
  return [...places, ...folders.map((folder) => folderPlace(folder, folders))];
}

function userFiles({ globalLocalValue, globalRemoteValue }: Inspected = {}): UserFiles | undefined {
  if (globalLocalValue === undefined && globalRemoteValue === undefined) return undefined;
  return { local: plain(globalLocalValue), remote: plain(globalRemoteValue) };
}

function folderPlace(folder: WorkspaceFolder, all: readonly WorkspaceFolder[]): SettingsPlace {
  const inspected = workspace.getConfiguration("oneport", folder.uri).inspect<unknown>("routes");
  return {
    id: folder.uri.toString(),
    kind: "folder",
    name: folderName(named(folder), all.map(named)),
    folder,
    target: ConfigurationTarget.WorkspaceFolder,
    value: plain(inspected?.workspaceFolderValue),
  };
}

function named({ name, uri }: WorkspaceFolder): NamedFolder {
  return { name, path: uri.path };
}

const ranks: { readonly [Kind in SettingsPlace["kind"]]: number } = { user: 0, workspace: 1, folder: 2 };

export function mergePlaces(places: readonly SettingsPlace[]): MergedRoutes {
  return mergeRoutes(places.map(({ id, kind, value }) => ({ id, rank: ranks[kind], value })));
}

/**
 * Each key of Oneport that is set anywhere, by its full name, and the routes of these places: what the mux is given. In an
 * untrusted workspace VS Code leaves out what that one says.
 */
export function readSettings(places: readonly SettingsPlace[]): Record<string, unknown> {
  const configuration = workspace.getConfiguration();
  const values = settingKeys.map((key) => [key, plain(configuration.get(key))] as const);
  const set = Object.fromEntries(values.filter(([, value]) => value !== undefined));
  return { ...set, "oneport.routes": mergePlaces(places).value };
}

/** VS Code gives objects as proxies, which cannot be sent to another thread. */
export function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
