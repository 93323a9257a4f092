/** `oneport doctor`: everything between a client and the services, one line for each thing looked at. */
import { homedir } from "node:os";
import { relative } from "node:path";
import { type Finding, formatFinding, wrong } from "../core/diagnosis.ts";
import { parseSettings } from "../core/settings.ts";
import { certificateSettings } from "../platform/certificates.ts";
import { diagnose } from "../platform/doctor/diagnose.ts";
import { thisMachine } from "../platform/machine.ts";
import { stateDirectory } from "../platform/state.ts";
import type { CommandOptions } from "./arguments.ts";
import { runningMux } from "./running-mux.ts";
import { readSettings, settingsPath } from "./settings-source.ts";
import type { Terminal } from "./terminal.ts";

/** Exit status 1 if anything is wrong. */
export async function doctor(options: CommandOptions, terminal: Terminal): Promise<number> {
  const state = stateDirectory(process.env, process.platform, homedir());
  const { settings, problems } = await settingsOf(options);
  const findings = diagnose({
    settings,
    problems,
    certificates: certificateSettings(settings),
    stateDirectory: state,
    mux: await runningMux(state),
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
  const file = relative("", path) || path;
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
