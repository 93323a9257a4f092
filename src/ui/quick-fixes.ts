/** Quick fixes in settings files: one click where there is little doubt about what was meant. */
import {
  CodeAction,
  type CodeActionContext,
  CodeActionKind,
  type Disposable,
  l10n,
  languages,
  Range,
  type TextDocument,
  WorkspaceEdit,
} from "vscode";
import { difference, writeProperty } from "../core/edit-json.ts";
import { type QuickFix, quickFixes } from "../core/quick-fix.ts";
import { formOf, rangeOf } from "./settings-documents.ts";
import { type Mark, marksIn, readSettingsText, type SettingsText } from "./settings-marks.ts";

export function registerQuickFixes(): Disposable {
  const documents = [{ language: "jsonc" }, { language: "json" }];
  const metadata = { providedCodeActionKinds: [CodeActionKind.QuickFix] };
  return languages.registerCodeActionsProvider(documents, { provideCodeActions }, metadata);
}

/** What is wrong is found in the text itself: VS Code may have said it before us, in its own words. */
function provideCodeActions(
  document: TextDocument,
  at: Range,
  { diagnostics }: CodeActionContext,
): CodeAction[] {
  const form = formOf(document.uri);
  const settings = form && readSettingsText(document.getText(), form);
  if (!settings) return [];
  return marksIn(settings).flatMap((mark) => {
    const range = rangeOf(settings.text, mark.place);
    if (!range.intersection(at)) return [];
    const fixes = quickFixes(mark.problem, mark.written);
    return fixes.map((fix) => {
      const action = new CodeAction(titleOf(fix, mark), CodeActionKind.QuickFix);
      action.edit =
        fix.do === "write" ? writing(document, range, fix.json) : removing(document, settings, mark);
      action.diagnostics = diagnostics.filter((each) => each.range.isEqual(range));
      // What `Auto Fix` does without asking.
      action.isPreferred = fixes.length === 1 && fix.do === "write" && mark.severity === "error";
      return action;
    });
  });
}

function titleOf(fix: QuickFix, { problem }: Mark): string {
  return fix.do === "write"
    ? l10n.t("Write {0}", fix.json)
    : l10n.t('Remove "{0}"', String(problem.path.at(-1)));
}

function writing({ uri }: TextDocument, range: Range, json: string): WorkspaceEdit {
  const edit = new WorkspaceEdit();
  edit.replace(uri, range, json);
  return edit;
}

function removing(document: TextDocument, { text, root }: SettingsText, { problem }: Mark): WorkspaceEdit {
  const edit = new WorkspaceEdit();
  const path = [...root, ...problem.path].map(String);
  const rest = difference(text, writeProperty(text, path, undefined) ?? text);
  const end = document.positionAt(rest.offset + rest.length);
  edit.replace(document.uri, new Range(document.positionAt(rest.offset), end), rest.text);
  return edit;
}
