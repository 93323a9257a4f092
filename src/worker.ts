/** Entry of the worker thread: the mux and all its sockets, away from the thread that everybody else shares. */
import { randomUUID } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import { problemOf } from "./core/errors.ts";
import type { MuxEvent } from "./core/events.ts";
import { LastingProblems } from "./core/lasting-problems.ts";
import { parseSettings, portsToTry } from "./core/settings.ts";
import { Mux } from "./mux/mux.ts";
import { Certificates, certificateSettings } from "./platform/certificates.ts";
import { thisMachine } from "./platform/machine.ts";
import { processes } from "./platform/processes.ts";
import { trustedCertificates } from "./platform/trusted-certificates.ts";
import { controlFolder } from "./session/control-folder.ts";
import { Outbox } from "./session/outbox.ts";
import { type Command, parseCommand } from "./session/protocol.ts";
import type { OwnMux, Values } from "./session/reign.ts";
import { Session } from "./session/session.ts";
import { parseTask } from "./session/task.ts";
import { carryOut } from "./tasks.ts";

type StartCommand = Extract<Command, { type: "start" }>;

const outbox = new Outbox((message) => parentPort?.postMessage(message));
let session: Session | undefined;
/** Commands are carried out one after another: a stop must find what a start before it has begun. */
let earlier = Promise.resolve();

const task = parseTask(workerData);
if (task) void carryOut(task).then((result) => parentPort?.postMessage(result));
else parentPort?.on("message", takeCommand);

function takeCommand(message: unknown): void {
  earlier = earlier
    .then(() => obey(parseCommand(message)))
    .catch((error: unknown) => emit({ type: "problem", problem: problemOf(error) }));
}

function emit(event: MuxEvent): void {
  outbox.add(event);
}

async function obey(command: Command): Promise<void> {
  switch (command.type) {
    case "start":
      return start(command);
    case "configure":
      return session?.configure(command.settings);
    case "watch":
      return session?.watch(command.isWatching);
    case "log":
      outbox.isLogged = command.isLogged;
      return;
    case "refresh":
      return session?.refresh();
    case "stop":
      await session?.stop(command.graceSeconds, command.forAll);
      parentPort?.close();
  }
}

async function start({ stateDirectory, port, settings, window }: StartCommand): Promise<void> {
  const machine = thisMachine();
  session = new Session(settings, {
    window: {
      id: randomUUID(),
      name: "a terminal",
      kind: "terminal",
      ...window,
      pid: process.pid,
      since: Date.now(),
    },
    folder: controlFolder(stateDirectory, machine),
    processes: processes(machine),
    openMux: (values, tell) => openMux(stateDirectory, values, tell),
    emit,
    onEnd: () => parentPort?.close(),
  });
  await session.start(portsToTry(port));
}

function openMux(stateDirectory: string, values: Values, tell: (event: MuxEvent) => void): OwnMux {
  const { settings } = parseSettings(values);
  const certificates = new Certificates(stateDirectory, certificateSettings(settings));
  const tellFileProblems = fileProblemTeller(certificates, tell);
  const mux = new Mux({
    emit: (event) => {
      tell(event);
      // No sooner: a problem before that is taken for a start that failed.
      if (event.type === "listening") void tellFileProblems();
    },
    contextFor: (name) => certificates.contextFor(name),
    trusted: () => trustedCertificates(stateDirectory),
    helloMilliseconds: settings.helloTimeout * 1000,
    acceptProxy: settings.acceptProxy,
  });
  mux.setRoutes(settings.routes);
  /** The port stays as it is: moving it is a new start. */
  const configure = (changed: Values) => {
    const { settings } = parseSettings(changed);
    certificates.configure(certificateSettings(settings));
    void tellFileProblems();
    mux.setAcceptProxy(settings.acceptProxy);
    mux.setHelloMilliseconds(settings.helloTimeout * 1000);
    mux.setRoutes(settings.routes);
  };
  return { mux, configure };
}

/** Tells what is wrong with the user's own certificates, and when it is called again only what was not wrong the time before. */
function fileProblemTeller(certificates: Certificates, tell: (event: MuxEvent) => void) {
  const lasting = new LastingProblems();
  return async () => {
    const problems = await certificates.fileProblems();
    for (const problem of lasting.fresh(problems)) tell({ type: "problem", problem });
  };
}
