/** Which files of a window hold settings, and where in them something stands, in VS Code's terms. */
import { Position, Range, Uri, workspace } from "vscode";
import type { Place } from "../platform/settings-file.ts";
import type { SettingsPlace } from "./route-places.ts";
import type { SettingsForm } from "./settings-marks.ts";

export interface SettingsDocument {
  readonly uri: Uri;
  readonly form: SettingsForm;
  /** Of the place whose routes it holds. */
  readonly place: SettingsPlace["id"];
}

/** Those of the workspace, there or not, and the user's where they are open: only VS Code knows where else they are. */
export function settingsDocuments(): readonly SettingsDocument[] {
  const users = workspace.textDocuments.filter(({ uri }) => isUsers(uri));
  return [
    ...workspaceDocuments(),
    ...users.map(({ uri }) => ({ uri, form: "settings", place: "user" }) as const),
  ];
}

/** Those of the workspace alone: a .code-workspace file, where there is one, and those of the folders. */
export function workspaceDocuments(): readonly SettingsDocument[] {
  const { workspaceFile, workspaceFolders = [] } = workspace;
  const inFolders = workspaceFolders.map(({ uri }) => ({
    uri: Uri.joinPath(uri, ".vscode", "settings.json"),
    form: "settings" as const,
    place: workspaceFile ? uri.toString() : "workspace",
  }));
  return workspaceFile
    ? [{ uri: workspaceFile, form: "workspace", place: "workspace" }, ...inFolders]
    : inFolders;
}

/** The file that holds a place's routes; undefined for the user's. */
export function documentOf({ id }: SettingsPlace): SettingsDocument | undefined {
  return workspaceDocuments().find(({ place }) => place === id);
}

/** The text of a file as it is saved; undefined where there is none that can be read. */
export async function savedText(uri: Uri): Promise<string | undefined> {
  return workspace.fs.readFile(uri).then(
    (bytes) => new TextDecoder().decode(bytes),
    () => undefined,
  );
}

/** How a file of this window holds settings; undefined when it holds none. */
export function formOf(uri: Uri): SettingsForm | undefined {
  if (isUsers(uri)) return "settings";
  return workspaceDocuments().find((each) => each.uri.toString() === uri.toString())?.form;
}

/** In whatever scheme VS Code shows them: the user's settings, those of a profile, and those of a remote machine. */
function isUsers({ path }: Uri): boolean {
  return /\/(User|User\/profiles\/[^/]+|Machine)\/settings\.json$/.test(path);
}

export function rangeOf(text: string, { line, column, offset, length }: Place): Range {
  const start = new Position(line - 1, column - 1);
  const lines = text.slice(offset, offset + length).split(/\r\n|\n|\r/);
  const width = lines.at(-1)?.length ?? 0;
  const end = new Position(start.line + lines.length - 1, lines.length > 1 ? width : start.character + width);
  return new Range(start, end);
}
