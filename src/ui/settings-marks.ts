/** What is to be marked in the text of a settings file, and where; no part of VS Code is needed to say it. */
import { isRecord } from "../core/record.ts";
import { parseRoutes } from "../core/route.ts";
import { routeNotes } from "../core/route-notes.ts";
import { parseSettings, type SettingsProblem } from "../core/settings.ts";
import { type Place, parseSettingsText } from "../platform/settings-file.ts";

/** A .code-workspace file keeps the settings below a key of its own. */
export type SettingsForm = "settings" | "workspace";

type Path = readonly (string | number)[];

export interface SettingsText {
  readonly values: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** Where a path of the settings begins in the file. */
  readonly root: Path;
  /** Where the key or the value at a path of the settings stands. */
  locate(path: Path, part: "key" | "value"): Place | undefined;
}

/** Undefined when the text is no JSON just now: VS Code says so itself. */
export function readSettingsText(text: string, form: SettingsForm): SettingsText | undefined {
  const file = parseSettingsText(text, "");
  if (!file.ok) return undefined;
  const root = form === "workspace" ? ["settings"] : [];
  const values = form === "workspace" ? file.value.values.settings : file.value.values;
  return {
    values: isRecord(values) ? values : {},
    text: file.value.text,
    root,
    locate: (path, part) => file.value.locate([...root, ...path], part),
  };
}

/** `error`: a route does not act. `warning`: something is not as written. `information`: it works, and may surprise. */
export type Severity = "error" | "warning" | "information";

export interface Mark {
  readonly problem: SettingsProblem;
  readonly severity: Severity;
  readonly place: Place;
  /** The JSON text at that place. */
  readonly written: string;
}

export function marksIn(settings: SettingsText): readonly Mark[] {
  const problems = [...parseSettings(settings.values).problems, ...notesOn(settings.values)];
  return problems.flatMap((problem) => {
    const place = settings.locate(problem.path, problem.part);
    if (!place) return [];
    const written = settings.text.slice(place.offset, place.offset + place.length);
    return [{ problem, severity: severityOf(problem.code), place, written }];
  });
}

const routesKey = "oneport.routes";

function notesOn(values: SettingsText["values"]): SettingsProblem[] {
  const routes = values[routesKey];
  return Object.entries(isRecord(routes) ? routes : {}).flatMap(([key, value]) => {
    const [route] = parseRoutes({ [key]: value }).routes;
    const notes = route ? routeNotes(key, route) : [];
    return notes.map((note) => ({ ...note, path: [routesKey, ...note.path] }));
  });
}

function severityOf(code: string): Severity {
  if (code === "note-public-name" || code === "note-https-only") return "information";
  return code.startsWith("note-") || code.startsWith("setting-") ? "warning" : "error";
}

/** Where a route is written. */
export function placeOfRoute(settings: SettingsText, key: string): Place | undefined {
  return settings.locate([routesKey, key], "key");
}
