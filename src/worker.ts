/** Entry of the worker thread: the mux and all its sockets, away from the thread that everybody else shares. */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { resolve } from "node:path";
import { getCACertificates } from "node:tls";
import { parentPort } from "node:worker_threads";
import { problemOf } from "./core/errors.ts";
import type { MuxEvent } from "./core/events.ts";
import { parseSettings, type Settings } from "./core/settings.ts";
import { Mux } from "./mux/mux.ts";
import { type CertificateSettings, Certificates } from "./platform/certificates.ts";
import { type Command, parseCommand } from "./session/protocol.ts";

interface Running {
  readonly mux: Mux;
  readonly certificates: Certificates;
}

let running: Running | undefined;
/** Commands are carried out one after another: a stop must find what a start before it has begun. */
let earlier = Promise.resolve();

parentPort?.on("message", (message: unknown) => {
  earlier = earlier
    .then(() => obey(parseCommand(message)))
    .catch((error: unknown) => emit({ type: "problem", problem: problemOf(error) }));
});

function emit(event: MuxEvent): void {
  parentPort?.postMessage(event);
}

async function obey(command: Command): Promise<void> {
  switch (command.type) {
    case "start":
      return start(command);
    case "configure":
      return configure(command.settings);
    case "stop":
      await running?.mux.stop(command.graceSeconds * 1000);
      parentPort?.close();
  }
}

async function start({
  stateDirectory,
  port,
  settings: written,
}: Extract<Command, { type: "start" }>): Promise<void> {
  const { settings } = parseSettings(written);
  const certificates = new Certificates(stateDirectory, certificateSettings(settings));
  const mux = new Mux({
    emit,
    contextFor: (name) => certificates.contextFor(name),
    trusted: () => trustedCertificates(stateDirectory),
    helloMilliseconds: settings.helloTimeout * 1000,
    acceptProxy: settings.acceptProxy,
  });
  mux.setRoutes(settings.routes);
  await mux.start(port);
  running = { mux, certificates };
}

/** The port stays as it is: moving it is a new start. */
function configure(written: Record<string, unknown>): void {
  const { settings } = parseSettings(written);
  running?.certificates.configure(certificateSettings(settings));
  running?.mux.setAcceptProxy(settings.acceptProxy);
  running?.mux.setRoutes(settings.routes);
}

function certificateSettings({ certificates, certificateFiles }: Settings): CertificateSettings {
  const files = certificateFiles.map((file) => resolve(file.replace(/^~(?=[\\/]|$)/, homedir())));
  return { mode: certificates, files };
}

/** Node's own list, the system's, and our authority where there is one. */
function trustedCertificates(stateDirectory: string): string[] {
  const common = [...getCACertificates("default"), ...getCACertificates("system")];
  try {
    return [...common, readFileSync(resolve(stateDirectory, "ca", "root.crt"), "utf8")];
  } catch {
    // No authority has been made yet, so no service can have a certificate of it.
    return common;
  }
}
