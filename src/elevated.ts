/** The elevated program: does the one step that its argument names, tells the outcome in one line, and ends. It believes nobody. */
import { decodeStep, type ElevatedStep, sha256Of } from "./core/elevated-step.ts";
import { formatOutcome } from "./core/elevation.ts";
import { fail, ok, type Problem, problemOf, type Result } from "./core/errors.ts";
import type { HostsEntry } from "./core/hosts-block.ts";
import { editHosts } from "./core/hosts-edit.ts";
import { trustForAll, untrustForAll } from "./platform/elevated-trust.ts";
import { editHostsFile } from "./platform/hosts-file.ts";
import { systemHostsFile } from "./platform/hosts-path.ts";
import { allowPort443, restorePort443 } from "./platform/low-port.ts";
import { type Machine, userHome } from "./platform/machine.ts";
import { systemRunner } from "./platform/run.ts";

/** No argument says which: it is the system's, or it is nobody's. */
const hostsFile = systemHostsFile(process.platform, process.env);

/** Of the environment nothing is left but what Windows itself needs. */
const environment: NodeJS.ProcessEnv = {
  PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
  LC_ALL: "C",
  ...(process.platform === "win32" && { SystemRoot: process.env.SystemRoot }),
};
for (const name of Object.keys(process.env)) delete process.env[name];
Object.assign(process.env, environment);
process.umask(0o022);

const wrongUse: Problem = {
  code: "usage",
  message: "This program is started by Oneport, with one argument.",
  remedy: 'Use "oneport hosts apply" or "oneport ca trust".',
};

const changed: Problem = {
  code: "hosts-changed",
  message: "The hosts file is no longer the one whose change was shown, so it was not written.",
  remedy: "Look at the change again.",
};

run(process.argv.slice(2)).then(end, (error: unknown) => end(fail(problemOf(error))));

async function run([argument, ...surplus]: readonly string[]): Promise<Result<void>> {
  if (argument === undefined || surplus.length > 0) return fail(wrongUse);
  const step = await decodeStep(argument);
  return step.ok ? carryOut(step.value) : step;
}

function carryOut(step: ElevatedStep): Promise<Result<void>> {
  switch (step.do) {
    case "hosts":
      return writeHosts(step.entries, step.sha256);
    case "trust":
      return trustForAll(step.certificate, step.consented, thisMachine());
    case "untrust":
      return untrustForAll(step.certificates, thisMachine());
    case "allow-443":
      return allowPort443(step.persist);
    case "restore-443":
      return restorePort443();
  }
}

/** What was shown is what is done: another file would have another difference. */
async function writeHosts(entries: readonly HostsEntry[], sha256: string): Promise<Result<void>> {
  const edited = await editHostsFile(hostsFile, (file) =>
    sha256Of(file) === sha256 ? editHosts(file, entries) : fail(changed),
  );
  return edited.ok ? ok(undefined) : edited;
}

function thisMachine(): Machine {
  const { platform } = process;
  return { platform, environment, home: userHome(), isElevated: true, runner: systemRunner(environment) };
}

function end(result: Result<void>): void {
  process.exitCode = result.ok ? 0 : 1;
  process.stdout.write(`${formatOutcome(result)}\n`);
}
