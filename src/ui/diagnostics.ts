/** Marks in the settings files of a window, open or not: what is wrong with a route, and what becomes of it. */
import {
  Diagnostic,
  DiagnosticRelatedInformation,
  DiagnosticSeverity,
  Disposable,
  Location,
  l10n,
  languages,
  type Range,
  type Uri,
  workspace,
} from "vscode";
import { problemText } from "./editors-words.ts";
import type { RouteSettings, WrittenRoute } from "./route-settings.ts";
import {
  formOf,
  rangeOf,
  type SettingsDocument,
  savedText,
  settingsDocuments,
} from "./settings-documents.ts";
import {
  type Mark,
  marksIn,
  placeOfRoute,
  readSettingsText,
  type SettingsText,
  type Severity,
} from "./settings-marks.ts";

/** Whoever types is not interrupted at each letter. */
const pauseMilliseconds = 200;

const source = "Oneport";

const severities: { readonly [S in Severity]: DiagnosticSeverity } = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  information: DiagnosticSeverity.Information,
};

interface ReadDocument extends SettingsDocument {
  readonly settings: SettingsText;
}

export class SettingsDiagnostics implements Disposable {
  readonly #routes: RouteSettings;
  readonly #collection = languages.createDiagnosticCollection("oneport");
  readonly #subscriptions: Disposable;
  /** What is marked now, by file: to mark it again would be a change, which others answer. */
  #marked = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  /** Only the last of several looks at once counts. */
  #looking = 0;

  constructor(routes: RouteSettings) {
    this.#routes = routes;
    const soon = () => this.#lookSoon();
    const soonIfOurs = (uri: Uri) => formOf(uri) && soon();
    const watcher = workspace.createFileSystemWatcher("**/.vscode/settings.json");
    this.#subscriptions = Disposable.from(
      this.#collection,
      watcher,
      watcher.onDidCreate(soon),
      watcher.onDidChange(soon),
      watcher.onDidDelete(soon),
      routes.onDidChange(soon),
      workspace.onDidChangeConfiguration((change) => change.affectsConfiguration("oneport") && soon()),
      workspace.onDidOpenTextDocument(({ uri }) => soonIfOurs(uri)),
      workspace.onDidChangeTextDocument(({ document }) => soonIfOurs(document.uri)),
      workspace.onDidCloseTextDocument(({ uri }) => soonIfOurs(uri)),
      languages.onDidChangeDiagnostics(({ uris }) => uris.some((uri) => formOf(uri)) && soon()),
    );
    soon();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#looking++;
    this.#subscriptions.dispose();
  }

  #lookSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), pauseMilliseconds);
  }

  async #look(): Promise<void> {
    const looking = ++this.#looking;
    const documents = (await Promise.all(settingsDocuments().map(readDocument))).filter(
      (each) => each !== undefined,
    );
    if (looking !== this.#looking) return;
    const marked = new Map<string, string>();
    for (const document of documents) {
      const diagnostics = unsaid(document.uri, [
        ...marksIn(document.settings).map((mark) => diagnosticOf(mark, document.settings.text)),
        ...this.#routes.routes.flatMap((route) => fateOf(route, document, documents, this.#routes.routes)),
      ]);
      const name = document.uri.toString();
      const content = JSON.stringify(diagnostics);
      marked.set(name, content);
      if (this.#marked.get(name) !== content) this.#collection.set(document.uri, diagnostics);
      this.#marked.delete(name);
    }
    this.#collection.forEach((uri) => {
      if (!marked.has(uri.toString())) this.#collection.delete(uri);
    });
    this.#marked = marked;
  }
}

/** As it is in the editor, saved or not. Undefined where there is no such file, or no settings in it. */
async function readDocument(document: SettingsDocument): Promise<ReadDocument | undefined> {
  const name = document.uri.toString();
  const open = workspace.textDocuments.find(({ uri }) => uri.toString() === name);
  // Most folders have no settings.
  const text = open?.getText() ?? (await savedText(document.uri)) ?? "";
  const settings = readSettingsText(text, document.form);
  return settings && { ...document, settings };
}

function diagnosticOf({ problem, severity, place }: Mark, text: string): Diagnostic {
  return diagnostic(rangeOf(text, place), problemText(problem), severity, problem.code);
}

function diagnostic(range: Range, message: string, severity: Severity, code: string): Diagnostic {
  const made = new Diagnostic(range, message, severities[severity]);
  made.source = source;
  made.code = code;
  return made;
}

/** VS Code has its own words for a value of the wrong type: nothing is said twice about one place. */
function unsaid(uri: Uri, diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const said = languages
    .getDiagnostics(uri)
    .filter((each) => each.source !== source && each.severity <= DiagnosticSeverity.Warning);
  return diagnostics.filter(({ range }) => !said.some((each) => each.range.isEqual(range)));
}

/** A mark where another place has the same domain and wins. */
function fateOf(
  { fate, domain, key, place }: WrittenRoute,
  document: ReadDocument,
  documents: readonly ReadDocument[],
  routes: readonly WrittenRoute[],
): Diagnostic[] {
  if (place.id !== document.place || (fate.is !== "conflict" && fate.is !== "replaced")) return [];
  const at = placeOfRoute(document.settings, key);
  const winner = routes.find(
    (each) => each.place.id === (fate.is === "conflict" ? fate.with : fate.by) && each.domain === domain,
  );
  if (!at || !winner) return [];
  const range = rangeOf(document.settings.text, at);
  const made =
    fate.is === "conflict"
      ? diagnostic(range, conflictText(domain, winner), "warning", "route-conflict")
      : diagnostic(range, replacedText(domain, winner), "information", "route-replaced");
  made.relatedInformation = documents
    .filter((each) => each.place === winner.place.id)
    .flatMap(({ uri, settings }) => {
      const there = placeOfRoute(settings, winner.key);
      const location = there && new Location(uri, rangeOf(settings.text, there));
      return location ? [new DiagnosticRelatedInformation(location, l10n.t("This one acts."))] : [];
    });
  return [made];
}

function conflictText(domain: string, { place }: WrittenRoute): string {
  return l10n.t(
    '"{0}" has another target in "{1}", which comes first: this one does not act.',
    domain,
    place.name,
  );
}

function replacedText(domain: string, { place }: WrittenRoute): string {
  return l10n.t('This route is not used here: "{0}" says something else for "{1}".', place.name, domain);
}
