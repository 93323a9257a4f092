/** With `oneport.terminal.trustAuthority`, Node programs in new terminals trust the authority, if there is one. */
import {
  Disposable,
  type EnvironmentVariableCollection,
  l10n,
  MarkdownString,
  window,
  workspace,
} from "vscode";
import { terminalAuthority } from "../platform/terminal-authority.ts";

const variable = "NODE_EXTRA_CA_CERTS";

/** The mux has much to tell at times, and one look answers all of it. */
const pauseMilliseconds = 500;

export class TerminalTrust implements Disposable {
  readonly #collection: EnvironmentVariableCollection;
  readonly #stateDirectory: string;
  readonly #onError: (error: unknown) => void;
  readonly #subscriptions: Disposable;
  #timer: NodeJS.Timeout | undefined;
  #isDisposed = false;

  constructor(
    collection: EnvironmentVariableCollection,
    stateDirectory: string,
    onError: (error: unknown) => void,
  ) {
    this.#collection = collection;
    this.#stateDirectory = stateDirectory;
    this.#onError = onError;
    // A window of another day knows no authority of today.
    collection.persistent = false;
    collection.description = new MarkdownString(
      l10n.t(
        "Node programs trust the certificates of Oneport's domains (`oneport.terminal.trustAuthority`).",
      ),
    );
    this.#subscriptions = Disposable.from(
      workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration("oneport.terminal.trustAuthority")) this.look();
      }),
      // Another window, or the command line, may have made it, replaced it or removed it.
      window.onDidChangeWindowState(({ focused }) => focused && this.look()),
      // What runs in one terminal may make the authority, and then the next one trusts it.
      window.onDidOpenTerminal(() => this.look()),
    );
    this.look();
  }

  /** To be called when there may be another authority, as often as one likes. */
  look(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#look().catch(this.#onError);
    }, pauseMilliseconds);
  }

  dispose(): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
    this.#subscriptions.dispose();
  }

  async #look(): Promise<void> {
    const isWanted = workspace.getConfiguration("oneport").get<unknown>("terminal.trustAuthority") === true;
    const extra = process.env[variable];
    const file = isWanted ? await terminalAuthority(this.#stateDirectory, extra) : undefined;
    if (this.#isDisposed || this.#collection.get(variable)?.value === file) return;
    // Each change makes VS Code ask for terminals to be opened again.
    if (file === undefined) this.#collection.delete(variable);
    else this.#collection.replace(variable, file);
  }
}
