/** What the worker's thread does when it is given one task in place of the mux: work too heavy for VS Code's own thread. */
import { readFile } from "node:fs/promises";
import { type Finding, wrong } from "./core/diagnosis.ts";
import { fail, ok, type Problem, problemOf, type Result } from "./core/errors.ts";
import { permittedNames } from "./core/permitted-names.ts";
import { parseSettings, portsToTry, type Settings } from "./core/settings.ts";
import { readRoot } from "./core/trust.ts";
import { speaks } from "./mux/speaks.ts";
import { Certificates, certificateSettings } from "./platform/certificates.ts";
import { diagnose } from "./platform/doctor/diagnose.ts";
import { thisMachine } from "./platform/machine.ts";
import { planWidening, widenAuthority } from "./platform/widen-authority.ts";
import { type ControlFolder, controlFolder } from "./session/control-folder.ts";
import { findMuxes } from "./session/observer.ts";
import type { MadeAuthority, Task } from "./session/task.ts";

export async function carryOut(task: Task): Promise<Result<unknown>> {
  try {
    switch (task.task) {
      case "askServices":
        return ok(await Promise.all(task.services.map(speaks)));
      case "makeAuthority":
        return await makeAuthority(task.stateDirectory);
      case "widenAuthority":
        return await (task.isPlan ? planWidening : widenAuthority)(task.stateDirectory, task.names);
      case "diagnose":
        return ok(await findings(task));
    }
  } catch (error) {
    return fail(problemOf(error));
  }
}

async function makeAuthority(stateDirectory: string): Promise<Result<MadeAuthority>> {
  const certificates = new Certificates(stateDirectory, { mode: "authority", files: [] });
  const file = await certificates.rootCertificateFile();
  const root = readRoot(await readFile(file, "utf8"));
  const permitted = root && (await permittedNames(root.der));
  if (!permitted) return fail(unconstrained(file));
  return ok({ file, names: [...permitted.names], addresses: [...permitted.addresses] });
}

async function findings({ stateDirectory, settings: written, port }: Extract<Task, { task: "diagnose" }>) {
  const { settings, problems } = parseSettings(written);
  const machine = thisMachine();
  const folder = controlFolder(stateDirectory, machine);
  const others = port === undefined ? await muxesOfOthers(folder, settings.port) : [];
  const found: Finding[] = [];
  const context = {
    settings,
    problems: [...problems.map((problem) => wrong("settings", problem)), ...others],
    certificates: certificateSettings(settings),
    stateDirectory,
    mux: port === undefined ? undefined : { port },
    machine,
  };
  for await (const finding of diagnose(context)) found.push(finding);
  return found;
}

/** Those that a start on these ports would join: whoever asks takes part in none. */
async function muxesOfOthers(folder: ControlFolder, wanted: Settings["port"]): Promise<Finding[]> {
  const { ports, problems } = await findMuxes(folder, (port) => portsToTry(wanted).includes(port));
  return [...ports.map(joinable), ...problems];
}

function joinable(port: number): Finding {
  return {
    check: "port",
    subject: `port ${port}`,
    state: "note",
    message: "Oneport listens there for others, and this window has no part in it.",
    remedy: 'Run "oneport start" to join it.',
  };
}

function unconstrained(file: string): Problem {
  return {
    code: "root-unconstrained",
    message: `The authority in ${file} could certify any name, so Oneport does not have it trusted.`,
    remedy: "Delete its folder and try again, which makes a new authority.",
  };
}
