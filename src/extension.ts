/** Composition root of the extension: constructs, wires and disposes; every socket lives in the worker. */
import { homedir } from "node:os";
import { join } from "node:path";
import { commands, type ExtensionContext, type LogOutputChannel, window, workspace } from "vscode";
import { type Problem, problemOf } from "./core/errors.ts";
import type { MuxEvent } from "./core/events.ts";
import { parseSettings } from "./core/settings.ts";
import { stateDirectory } from "./platform/state.ts";
import { MuxWorker } from "./session/mux-worker.ts";
import { logEvent } from "./ui/log-event.ts";
import { readSettings } from "./ui/read-settings.ts";

/** In seconds, for connections that are open when the mux is stopped or the window closes. */
const graceSeconds = 2;

let stop: (() => Promise<void>) | undefined;

export function activate(context: ExtensionContext): void {
  const log = window.createOutputChannel("Oneport", { log: true });
  const entry = join(context.extensionPath, "dist", "worker.cjs");
  context.subscriptions.push(
    log,
    commands.registerCommand("oneport.start", () => start(entry, log)),
    commands.registerCommand("oneport.stop", () => stop?.()),
    commands.registerCommand("oneport.showLog", () => log.show()),
  );
}

/** VS Code waits for this a few seconds, so that open connections can end by themselves. */
export async function deactivate(): Promise<void> {
  await stop?.();
}

async function start(entry: string, log: LogOutputChannel): Promise<void> {
  if (stop) return;
  const settings = readSettings();
  const { settings: parsed, problems } = parseSettings(settings);
  for (const { message, remedy } of problems) log.warn(`${message} ${remedy}`);

  let isListening = false;
  const worker = new MuxWorker(entry, (event: MuxEvent) => {
    logEvent(log, event);
    if (event.type === "listening") isListening = true;
    if (event.type === "problem" && !isListening) void showProblem(event.problem, log);
  });
  const watcher = workspace.onDidChangeConfiguration((change) => {
    if (change.affectsConfiguration("oneport")) worker.send({ type: "configure", settings: readSettings() });
  });
  stop = () => {
    worker.send({ type: "stop", graceSeconds });
    return worker.ended;
  };
  worker.ended
    .catch((error: unknown) => showProblem(problemOf(error), log))
    .finally(() => {
      watcher.dispose();
      stop = undefined;
      return commands.executeCommand("setContext", "oneport.running", false);
    });
  worker.send({
    type: "start",
    stateDirectory: stateDirectory(process.env, process.platform, homedir()),
    port: parsed.port,
    settings,
  });
  await commands.executeCommand("setContext", "oneport.running", true);
}

async function showProblem({ message, remedy }: Problem, log: LogOutputChannel): Promise<void> {
  const choice = await window.showErrorMessage(`${message} ${remedy}`, "Show Log");
  if (choice === "Show Log") log.show();
}
