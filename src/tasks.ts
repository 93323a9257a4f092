/** What the worker's thread does when it is given one task in place of the mux: work too heavy for VS Code's own thread. */
import { readFile } from "node:fs/promises";
import { type Finding, wrong } from "./core/diagnosis.ts";
import { fail, ok, type Problem, problemOf, type Result } from "./core/errors.ts";
import { permittedNames } from "./core/permitted-names.ts";
import { parseSettings } from "./core/settings.ts";
import { readRoot } from "./core/trust.ts";
import { speaks } from "./mux/speaks.ts";
import { Certificates, certificateSettings } from "./platform/certificates.ts";
import { diagnose } from "./platform/doctor/diagnose.ts";
import { thisMachine } from "./platform/machine.ts";
import { planWidening, widenAuthority } from "./platform/widen-authority.ts";
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
  const found: Finding[] = [];
  const context = {
    settings,
    problems: problems.map((problem) => wrong("settings", problem)),
    certificates: certificateSettings(settings),
    stateDirectory,
    mux: port === undefined ? undefined : { port },
    machine: thisMachine(),
  };
  for await (const finding of diagnose(context)) found.push(finding);
  return found;
}

function unconstrained(file: string): Problem {
  return {
    code: "root-unconstrained",
    message: `The authority in ${file} could certify any name, so Oneport does not have it trusted.`,
    remedy: "Delete its folder and try again, which makes a new authority.",
  };
}
