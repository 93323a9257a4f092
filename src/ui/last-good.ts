/** What a settings file said when it was last whole: VS Code believes whatever it can still read of one that is broken. */
import { posix } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Disposable, type GlobPattern, RelativePattern, Uri, workspace } from "vscode";
import { plain, type SettingsPlace } from "./route-places.ts";
import { documentOf, savedText } from "./settings-documents.ts";
import { readSettingsText } from "./settings-marks.ts";

export interface GoodPlaces {
  readonly places: readonly SettingsPlace[];
  /** The files that are broken now. */
  readonly broken: readonly Uri[];
}

/** The places, each with its value of `before` where its file is broken. Of the user's settings nobody knows the file. */
export async function lastGood(
  places: readonly SettingsPlace[],
  before: readonly SettingsPlace[],
): Promise<GoodPlaces> {
  // Nothing from a workspace that is not trusted acts, and VS Code leaves it out.
  if (!workspace.isTrusted) return { places, broken: [] };
  const looked = await Promise.all(places.map((place) => look(place, before)));
  return {
    places: looked.map(({ place }) => place),
    broken: looked.flatMap(({ broken }) => broken ?? []),
  };
}

interface Looked {
  readonly place: SettingsPlace;
  /** Its file, where that is broken. */
  readonly broken?: Uri;
}

async function look(place: SettingsPlace, before: readonly SettingsPlace[]): Promise<Looked> {
  const asItIs = { place };
  const document = documentOf(place);
  if (!document) return asItIs;
  const text = await settledText(document.uri);
  if (text === undefined) return asItIs;
  const settings = readSettingsText(text, document.form);
  if (!settings) {
    const { value } = before.find(({ id }) => id === place.id) ?? place;
    return { place: { ...place, value }, broken: document.uri };
  }
  // VS Code reads a file that was mended a moment later than we do.
  const value = plain(settings.values["oneport.routes"]) ?? place.value;
  return { place: { ...place, value } };
}

const settleMilliseconds = 50;

/** An empty text holds no settings; but an editor that truncates and then writes shows one in between. */
async function settledText(file: Uri): Promise<string | undefined> {
  const text = await savedText(file);
  if (text?.trim() !== "") return text;
  await pause(settleMilliseconds);
  return savedText(file);
}

/** Calls `act` when a settings file of the workspace comes, changes or goes, whether or not VS Code sees another value in it. */
export function onFileWritten(act: () => void): Disposable {
  const watchers = patterns().map((pattern) => workspace.createFileSystemWatcher(pattern));
  return Disposable.from(
    ...watchers.flatMap((each) => [
      each,
      each.onDidCreate(act),
      each.onDidChange(act),
      each.onDidDelete(act),
    ]),
  );
}

function patterns(): GlobPattern[] {
  const { workspaceFile } = workspace;
  const inFolders = "**/.vscode/settings.json";
  if (!workspaceFile) return [inFolders];
  const folder = Uri.joinPath(workspaceFile, "..");
  return [inFolders, new RelativePattern(folder, posix.basename(workspaceFile.path))];
}
