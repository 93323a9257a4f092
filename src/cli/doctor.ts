/** `oneport doctor`: everything between a client and the services, one line for each thing looked at. */
import { type Finding, formatFinding, wrong } from "../core/diagnosis.ts";
import { parseSettings } from "../core/settings.ts";
import { certificateSettings } from "../platform/certificates.ts";
import { diagnose } from "../platform/doctor/diagnose.ts";
import { thisMachine } from "../platform/machine.ts";
import { findMuxes } from "../session/observer.ts";
import type { CommandOptions } from "./arguments.ts";
import { ownControlFolder, ownStateDirectory } from "./own-folders.ts";
import { fileName, readSettings, settingsPath } from "./settings-source.ts";
import type { Terminal } from "./terminal.ts";

/** Exit status 1 if anything is wrong. */
export async function doctor(options: CommandOptions, terminal: Terminal): Promise<number> {
  const { settings, problems } = await settingsOf(options);
  const muxes = await findMuxes(ownControlFolder());
  const findings = diagnose({
    settings,
    problems: [...problems, ...muxes.problems],
    certificates: certificateSettings(settings),
    stateDirectory: ownStateDirectory(),
    mux: muxAmong(muxes.ports, settings.port),
    machine: thisMachine(),
  });
  let status = 0;
  for await (const finding of findings) {
    if (finding.state === "wrong") status = 1;
    terminal.print(options.json ? JSON.stringify(finding) : formatFinding(finding, terminal.style));
  }
  return status;
}

/** Without a settings file the machine can be looked at all the same. */
async function settingsOf(options: CommandOptions) {
  const path = settingsPath(options);
  const file = fileName(path);
  const read = await readSettings(path);
  if (!read.ok) {
    const isMissing = read.error.code === "settings-missing" && options.config === undefined;
    const problem = wrong("settings", read.error, file);
    const problems: Finding[] = [isMissing ? { ...problem, state: "note" } : problem];
    return { settings: parseSettings({}).settings, problems };
  }
  const problems = read.value.problems.map((problem) => {
    const { place } = problem;
    return wrong("settings", problem, place ? `${file}:${place.line}:${place.column}` : file);
  });
  return { settings: read.value.settings, problems };
}

/** The one that these settings ask for, or else any. */
function muxAmong(ports: readonly number[], wanted: "auto" | number): { port: number } | undefined {
  const port = ports.find((each) => each === wanted) ?? ports[0];
  return port === undefined ? undefined : { port };
}
