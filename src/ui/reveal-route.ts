/** Opens the settings file in which a route is written, with its key selected. */
import { commands, Selection, type TextEditor, TextEditorRevealType, window } from "vscode";
import { parseSettingsText } from "../platform/settings-file.ts";
import type { SettingsPlace } from "./route-places.ts";
import type { WrittenRoute } from "./route-settings.ts";
import { documentOf } from "./settings-documents.ts";
import { partWith } from "./settings-value.ts";

export async function revealRoute({ place, key }: WrittenRoute): Promise<void> {
  const editor = await openSettings(place, key);
  if (editor) select(editor, key);
}

async function openSettings(place: SettingsPlace, key: string): Promise<TextEditor | undefined> {
  const document = documentOf(place);
  if (document) return window.showTextDocument(document.uri);
  // Only VS Code knows where the user's settings are.
  const { isRemote } = partWith(place, key);
  const file = isRemote ? "openRemoteSettingsFile" : "openSettingsJson";
  await commands.executeCommand(`workbench.action.${file}`, {
    revealSetting: { key: "oneport.routes" },
  });
  return window.activeTextEditor;
}

/** A text that is no JSON just now is shown as it is. */
function select(editor: TextEditor, key: string): void {
  const { document } = editor;
  const file = parseSettingsText(document.getText(), document.fileName);
  if (!file.ok) return;
  const path = ["oneport.routes", key];
  const place = file.value.locate(path, "key") ?? file.value.locate(["settings", ...path], "key");
  if (!place) return;
  const start = document.positionAt(place.offset);
  editor.selection = new Selection(start, document.positionAt(place.offset + place.length));
  editor.revealRange(editor.selection, TextEditorRevealType.InCenterIfOutsideViewport);
}
