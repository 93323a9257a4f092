/** Composition root of the extension: constructs, wires and disposes; every socket lives in the worker. */
import { join } from "node:path";
import { commands, EventEmitter, type ExtensionContext, env, l10n, window, workspace } from "vscode";
import { problemOf } from "./core/errors.ts";
import type { MuxState } from "./core/mux-state.ts";
import { parseSettings } from "./core/settings.ts";
import { thisMachine, userHome } from "./platform/machine.ts";
import { stateDirectory as stateDirectoryOf } from "./platform/state.ts";
import { makeAuthority } from "./session/task.ts";
import { addRoute } from "./ui/add-route.ts";
import type { RouteEditing } from "./ui/asking.ts";
import { type Handlers, registerCommands } from "./ui/commands.ts";
import { SettingsDiagnostics } from "./ui/diagnostics.ts";
import { changeTarget, duplicateRoute, editRoute } from "./ui/edit-route.ts";
import { routeEdits } from "./ui/edit-settings.ts";
import { problemText } from "./ui/editors-words.ts";
import { FindingsPage } from "./ui/findings.ts";
import { onFolderOpened, rememberWish, shouldStart } from "./ui/life.ts";
import { keepsConnections, logEvent } from "./ui/log-event.ts";
import { lookAtEverything, type MachineContext, machineCommands } from "./ui/machine-commands.ts";
import { MachineSetup } from "./ui/machine-setup.ts";
import { MuxHost } from "./ui/mux-host.ts";
import { notices } from "./ui/notices.ts";
import { openSettings } from "./ui/open-settings.ts";
import { chooseRoute, editable } from "./ui/pick-route.ts";
import { registerQuickFixes } from "./ui/quick-fixes.ts";
import { routeHandlers } from "./ui/route-commands.ts";
import { routeFacts } from "./ui/route-facts.ts";
import { RouteSettings, type WrittenRoute } from "./ui/route-settings.ts";
import { RoutesTree, rowOf } from "./ui/routes-tree.ts";
import { settingsFindings } from "./ui/settings-findings.ts";
import { showProblem } from "./ui/show-problem.ts";
import { registerStateDecorations } from "./ui/state-decorations.ts";
import { StatusBar } from "./ui/status-bar.ts";
import { showStatusMenu } from "./ui/status-menu.ts";
import { askForWhom } from "./ui/stop-mux.ts";
import { SuggestedServices } from "./ui/suggested-services.ts";
import { runInTerminal } from "./ui/terminal-run.ts";
import { TerminalTrust } from "./ui/terminal-trust.ts";
import { registerTools } from "./ui/tools.ts";

let leave: (() => Promise<void>) | undefined;

export async function activate(context: ExtensionContext): Promise<void> {
  const began = performance.now();
  const { subscriptions, extensionPath, workspaceState: memory } = context;
  const bundle = (name: string) => join(extensionPath, "dist", `${name}.cjs`);
  const workerEntry = bundle("worker");
  const stateDirectory = stateDirectoryOf(process.env, process.platform, userHome());
  const log = window.createOutputChannel("Oneport", { log: true });
  const report = (error: unknown) => {
    const problem = problemOf(error);
    log.error(problemText(problem));
    void showProblem(problem);
  };

  const settings = new RouteSettings();
  const readSettings = () => settings.values;
  const parsed = () => parseSettings(readSettings()).settings;
  const host = new MuxHost({
    workerEntry,
    stateDirectory,
    readSettings,
    onEvent: (event) => {
      logEvent(log, event);
      // One of the first makes the authority.
      if (event.type === "connection") terminalTrust.look();
    },
  });
  leave = () => host.stop();
  host.setLogged(keepsConnections(log));
  const findings = new FindingsPage();
  const machine: MachineContext = {
    host,
    findings,
    workerEntry,
    stateDirectory,
    log,
    readSettings,
    findInSettings: () => settingsFindings(settings.brokenFiles, routes()),
    routes: () => parsed().routes,
    makeAuthority: () => makeAuthority(workerEntry, { stateDirectory }),
    elevation: {
      entry: bundle("elevated"),
      machine: thisMachine(),
      terminal: { isOurs: false, run: (command) => runInTerminal(command, l10n.t("Oneport: administrator")) },
    },
    checkAgain: () => setup.check(),
    stopForAll: () => stop({ forAll: true }),
  };
  const setup = new MachineSetup(machine, usesAuthority);
  const edits = routeEdits(context.globalStorageUri);
  const editing: RouteEditing = { edits, settings, state: () => host.state, workerEntry };
  const suggested = new SuggestedServices(editing);
  const surroundingsChanged = new EventEmitter<void>();
  const routes = () => routeFacts(settings.routes, host.state, setup);
  const tree = new RoutesTree({
    settings,
    host,
    contents: () => ({
      notices: notices(
        { state: host.state, setup, routes: settings.routes, remoteName: env.remoteName },
        l10n,
      ),
      routes: routes(),
      suggestions: suggested.suggestions,
    }),
    onDidChangeSurroundings: surroundingsChanged.event,
  });
  const statusBar = new StatusBar();
  const terminalTrust = new TerminalTrust(context.environmentVariableCollection, stateDirectory, report);
  const diagnose = () => lookAtEverything(machine);

  const start = async () => {
    const problem = await host.start();
    if (problem) await showProblem(problem, { endsMux: true });
    return !problem;
  };
  const stop = async (how: { readonly forAll: boolean }) => {
    // First: a window that is reloaded while it stops stays as its user wants it.
    await rememberWish(memory, false);
    await host.stop(how);
  };
  const startIfWanted = () => {
    if (host.state.phase === "stopped" && shouldStart(memory, readSettings())) start().catch(report);
  };
  const edit = (title: string, change: (route: WrittenRoute) => Promise<void>) => async (row?: unknown) => {
    const route = await chooseRoute(row, title, routes(), editable);
    if (route) await change(route);
  };
  const handlers: Handlers = {
    ...routeHandlers({ state: () => host.state, routes, edits, makeAuthority: machine.makeAuthority }),
    ...machineCommands(machine),
    start: async () => {
      if (await start()) await rememberWish(memory, true);
    },
    stop: async () => {
      const wanted = await askForWhom(host.state);
      if (wanted) await stop(wanted);
    },
    restart: async () => {
      await host.stop();
      await start();
    },
    addRoute: () => addRoute(editing),
    addSuggested: async (row) => {
      const service = suggested.service(rowOf(row)?.suggestion ?? "");
      if (service) await addRoute(editing, service);
    },
    editRoute: edit(l10n.t("Edit Route"), (route) => editRoute(editing, route)),
    changeTarget: edit(l10n.t("Change Target"), (route) => changeTarget(editing, route)),
    duplicateRoute: edit(l10n.t("Duplicate Route"), (route) => duplicateRoute(editing, route)),
    refresh: () => {
      host.refresh();
      return setup.check();
    },
    showLog: () => log.show(),
    showStatus: () => showStatusMenu(host.state, settings.routes.length > 0),
    openSettings: () => openSettings("@ext:oneport.oneport"),
    openWalkthrough: () =>
      commands.executeCommand("workbench.action.openWalkthrough", "oneport.oneport#start", false),
  };

  const showState = () => {
    const { phase, port } = host.state;
    const hasRoutes = settings.routes.length > 0;
    statusBar.show(host.state, hasRoutes);
    void commands.executeCommand("setContext", "oneport.phase", phase);
    void commands.executeCommand("setContext", "oneport.port", port);
    void commands.executeCommand("setContext", "oneport.hasRoutes", hasRoutes);
  };
  const look = () => {
    if (tree.isVisible) void setup.check();
    suggested.watch(tree.isVisible);
  };
  let before: MuxState = host.state;
  subscriptions.push(
    log,
    log.onDidChangeLogLevel(() => host.setLogged(keepsConnections(log))),
    settings,
    host,
    findings,
    setup,
    suggested,
    surroundingsChanged,
    tree,
    statusBar,
    terminalTrust,
    new SettingsDiagnostics(settings),
    registerStateDecorations(),
    registerQuickFixes(),
    registerCommands(handlers, report),
    setup.onDidChange(() => surroundingsChanged.fire()),
    suggested.onDidChange(() => surroundingsChanged.fire()),
    tree.onDidChangeVisibility(look),
    settings.onDidChange(() => {
      host.configure();
      showState();
      look();
    }),
    host.onDidChange((state) => {
      showState();
      terminalTrust.look();
      if (state.phase !== before.phase) look();
      // Nobody here has asked for that end, so nobody is waiting to be told of it.
      const { failure } = state;
      const hasEnded = before.phase === "running" && state.phase === "stopped";
      if (hasEnded && failure) void showProblem(failure, { endsMux: true });
      before = state;
    }),
    workspace.onDidChangeConfiguration(async (change) => {
      if (change.affectsConfiguration("oneport.port") && host.state.phase === "running") {
        await host.stop();
        await start();
      } else if (change.affectsConfiguration("oneport")) host.configure();
    }),
    onFolderOpened(settings, startIfWanted),
  );

  // What follows waits for VS Code.
  log.info(`Activated in ${Math.round(performance.now() - began)} ms.`);
  await settings.read();
  // Whoever asks while the extension activates is answered when it has: by then there are routes to tell of.
  subscriptions.push(
    registerTools({ routes, state: () => host.state, edits, diagnose, refresh: () => host.refresh() }),
  );
  await commands.executeCommand("setContext", "oneport.loaded", true);
  showState();
  look();
  // Its end is not waited for: VS Code counts the time until the promise is fulfilled as ours.
  startIfWanted();
}

/** Asked for each route at each redraw, so nothing else is read. */
function usesAuthority(): boolean {
  const key = "oneport.certificates";
  const values = { [key]: workspace.getConfiguration().get<unknown>(key) };
  return parseSettings(values).settings.certificates === "authority";
}

/** VS Code waits for this a few seconds, so that open connections can end by themselves. */
export async function deactivate(): Promise<void> {
  await leave?.();
}
