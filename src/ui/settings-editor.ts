/** The files that settings stand in, as VS Code's documents: found, opened, edited and saved. */
import { isDeepStrictEqual } from "node:util";
import { Range, type TextDocument, Uri, WorkspaceEdit, workspace } from "vscode";
import { difference } from "../core/edit-json.ts";
import { fail, messageOf, ok, type Result } from "../core/errors.ts";
import { parseSettingsText } from "../platform/settings-file.ts";
import type { SettingsPlace } from "./route-places.ts";
import { documentOf, savedText } from "./settings-documents.ts";
import { refused, unreadable, unsaved, unwritable } from "./write-problems.ts";

export interface SettingsFile {
  readonly uri: Uri;
  /** For messages. */
  readonly name: string;
  /** The JSON path of `oneport.routes` in it. */
  readonly path: readonly string[];
  /** Otherwise it is a guess, though it holds the very routes of that place. */
  readonly isCertain: boolean;
}

const routesKey = "oneport.routes";

/** The file of a place; undefined when there is none yet, or nobody says where. */
export async function fileOf(place: SettingsPlace, storage: Uri): Promise<SettingsFile | undefined> {
  if (place.kind === "user") return userFile(place, storage);
  const document = documentOf(place);
  // A workspace that was never saved has a file that only VS Code may touch.
  if (!document || document.uri.scheme === "untitled" || !(await exists(document.uri))) return undefined;
  const { uri, form } = document;
  const path = form === "workspace" ? ["settings", routesKey] : [routesKey];
  return { uri, name: workspace.asRelativePath(uri), path, isCertain: true };
}

/** VS Code tells no path for the user's settings: one that shows the same routes is believed, and looked after. */
async function userFile({ value }: SettingsPlace, storage: Uri): Promise<SettingsFile | undefined> {
  const open = workspace.textDocuments.map(({ uri }) => uri).filter(isUsers);
  const usual = Uri.joinPath(storage, "..", "..", "settings.json");
  for (const uri of [...open, usual]) {
    if (await holds(uri, value)) return { uri, name: "settings.json", path: [routesKey], isCertain: false };
  }
  return undefined;
}

function isUsers({ scheme, path }: Uri): boolean {
  return scheme === "vscode-userdata" && path.endsWith("/settings.json");
}

async function exists(uri: Uri): Promise<boolean> {
  return workspace.fs.stat(uri).then(
    () => true,
    () => false,
  );
}

/** Does the file, as it is saved, have these routes? */
async function holds(uri: Uri, routes: unknown): Promise<boolean> {
  if (routes === undefined) return false;
  const text = await savedText(uri);
  // Without one the guess was wrong.
  const file = text === undefined ? undefined : parseSettingsText(text, "");
  if (!file?.ok) return false;
  // The parser's objects have no prototype, and those of VS Code do.
  const written: unknown = structuredClone(file.value.values[routesKey]);
  return isDeepStrictEqual(written, routes);
}

export async function openText(uri: Uri): Promise<Result<TextDocument>> {
  try {
    return ok(await workspace.openTextDocument(uri));
  } catch (error) {
    return fail(unreadable(workspace.asRelativePath(uri), messageOf(error)));
  }
}

/**
 * One step of undo, and saved; but not when the document had changes that its owner has not saved yet. A text that cannot be saved is
 * taken back, unless there are such changes beside it.
 */
export async function replaceText(document: TextDocument, after: string): Promise<Result<void>> {
  const { uri, isDirty } = document;
  const before = document.getText();
  if (after === before) return ok(undefined);
  const name = workspace.asRelativePath(uri);
  if (!(await change(document, after))) return fail(refused(name));
  const savesItself = workspace.getConfiguration("files", uri).get<unknown>("autoSave") !== "off";
  if (isDirty && !savesItself) return fail(unsaved(name));
  if (await document.save()) return ok(undefined);
  if (isDirty) return fail(unsaved(name));
  await change(document, before);
  return fail(unwritable(name));
}

async function change(document: TextDocument, after: string): Promise<boolean> {
  const { offset, length, text } = difference(document.getText(), after);
  const changes = new WorkspaceEdit();
  const range = new Range(document.positionAt(offset), document.positionAt(offset + length));
  changes.replace(document.uri, range, text);
  return workspace.applyEdit(changes);
}
