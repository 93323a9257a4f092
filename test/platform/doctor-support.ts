/** The doctor called on a throw-away home: what it finds for some routes, by what it looked at. */
import type { Check, Finding } from "../../src/core/diagnosis.ts";
import { parseSettings } from "../../src/core/settings.ts";
import { certificateSettings } from "../../src/platform/certificates.ts";
import { diagnose } from "../../src/platform/doctor/diagnose.ts";
import type { TrustPlace } from "./trust-place.ts";

interface Patient {
  readonly routes?: Record<string, unknown>;
  /** Beside the routes, by their full keys. */
  readonly settings?: Record<string, unknown>;
  readonly place: TrustPlace;
  /** In place of the home's own. */
  readonly state?: string;
  readonly port?: number;
  readonly environment?: NodeJS.ProcessEnv;
}

export async function findingsFor(patient: Patient): Promise<readonly Finding[]> {
  const { place, routes = {}, settings: others, state = place.state, port, environment } = patient;
  const { settings } = parseSettings({ ...others, "oneport.routes": routes });
  const found: Finding[] = [];
  const context = {
    settings,
    problems: [],
    certificates: certificateSettings(settings),
    stateDirectory: state,
    mux: port === undefined ? undefined : { port },
    machine: place.machine({ environment: { ...place.environment, ...environment } }),
  };
  for await (const finding of diagnose(context)) found.push(finding);
  return found;
}

/** State and message of all that was found by a check, of one subject if it is given. */
export function seen(findings: readonly Finding[], check: Check, subject?: string): readonly string[] {
  return findings
    .filter((each) => each.check === check && (subject === undefined || each.subject === subject))
    .map(({ state, message }) => `${state}: ${message}`);
}
