/** "Diagnose": what was found, as a page that can be searched, copied and read aloud, and that nobody is asked to save. */
import {
  Disposable,
  EventEmitter,
  l10n,
  ProgressLocation,
  type TextDocumentContentProvider,
  Uri,
  window,
  workspace,
} from "vscode";
import type { Finding } from "../core/diagnosis.ts";
import type { Result } from "../core/errors.ts";
import { findingsText } from "./findings-text.ts";
import { showProblem } from "./show-problem.ts";

const scheme = "oneport";
const place = Uri.from({ scheme, path: "/Oneport Diagnosis.md" });

export class FindingsPage implements TextDocumentContentProvider, Disposable {
  readonly #changed = new EventEmitter<Uri>();
  readonly onDidChange = this.#changed.event;
  readonly #owned = Disposable.from(
    this.#changed,
    workspace.registerTextDocumentContentProvider(scheme, this),
  );
  #text = "";

  provideTextDocumentContent(): string {
    return this.#text;
  }

  async show(diagnose: () => Promise<Result<readonly Finding[]>>): Promise<void> {
    const progress = { location: ProgressLocation.Window, title: l10n.t("Oneport: looking at everything") };
    const found = await window.withProgress(progress, diagnose);
    if (!found.ok) return showProblem(found.error);
    this.#text = findingsText(found.value, l10n);
    this.#changed.fire(place);
    await window.showTextDocument(place, { preview: false });
  }

  dispose(): void {
    this.#owned.dispose();
  }
}
