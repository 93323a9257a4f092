/** The settings file a command reads, and its problems with the place of each. */
import { join, relative, resolve } from "node:path";
import { ok, type Problem, type Result } from "../core/errors.ts";
import { isRecord } from "../core/record.ts";
import { parseSettings, type Settings, type SettingsProblem } from "../core/settings.ts";
import { shown } from "../core/wording.ts";
import {
  type Place,
  readSettingsFile,
  readSettingsFileAgain,
  type SettingsFile,
} from "../platform/settings-file.ts";
import type { CommandOptions } from "./arguments.ts";
import type { Terminal } from "./terminal.ts";

export interface PlacedProblem extends SettingsProblem {
  readonly place: Place | undefined;
}

export interface ReadSettings {
  /** As written, key by key: what the worker is sent. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly settings: Settings;
  readonly problems: readonly PlacedProblem[];
}

/** The absolute path of the file that these options name. */
export function settingsPath({ folder, config }: Pick<CommandOptions, "folder" | "config">): string {
  return resolve(config ?? join(folder, ".vscode", "settings.json"));
}

/** Reads the file. It fails as a whole when it is missing or broken; each other problem stands for itself. */
export async function readSettings(path: string): Promise<Result<ReadSettings>> {
  return understood(await readSettingsFile(path), path);
}

/** The same for a file that has changed. */
export async function readSettingsAgain(path: string): Promise<Result<ReadSettings>> {
  return understood(await readSettingsFileAgain(path), path);
}

function understood(file: Result<SettingsFile>, path: string): Result<ReadSettings> {
  if (!file.ok) return file;
  const { values, problems: repeated, locate } = file.value;
  // A .code-workspace file keeps the settings below a key of its own.
  const root = path.endsWith(".code-workspace") ? ["settings"] : [];
  const written = entriesOf(root.length > 0 ? values.settings : values);
  const ours = Object.fromEntries(written.filter(([key]) => key.startsWith("oneport.")));
  const { settings, problems } = parseSettings(ours);
  const found = [...nested(written), ...problems];
  const inFile = [...repeated, ...found.map((problem) => ({ ...problem, path: [...root, ...problem.path] }))];
  const placed = inFile.map((problem) => ({ ...problem, place: locate(problem.path, problem.part) }));
  return ok({ values: ours, settings, problems: placed });
}

/** Of `"oneport": { "routes": … }` nothing is read. */
function nested(written: readonly (readonly [string, unknown])[]): SettingsProblem[] {
  return written.flatMap(([key, value]) => {
    const [first] = entriesOf(value);
    if (key !== "oneport" || !first) return [];
    const message = '"oneport" holds an object, which is not read: each setting has a key of its own.';
    const remedy = `Write ${shown(`oneport.${first[0]}`)} in its place.`;
    return [{ code: "settings-nested", message, remedy, path: [key], part: "key" }];
  });
}

function entriesOf(value: unknown): [string, unknown][] {
  return isRecord(value) ? Object.entries(value) : [];
}

/** The settings of a command that cannot do without: nothing when there are none, and why has been said. */
export async function readSettingsOrSay(path: string, terminal: Terminal): Promise<ReadSettings | undefined> {
  const read = await readSettings(path);
  if (read.ok) return read.value;
  printUnreadable(terminal, read.error);
  return undefined;
}

/** Why there are no settings at all; of good ones before there is none. */
function printUnreadable(terminal: Terminal, problem: Problem): void {
  const isBroken = problem.code === "settings-syntax";
  terminal.printProblem(isBroken ? { ...problem, remedy: "Correct it there." } : problem);
}

/** One line for each problem, with FILE:LINE:COLUMN before it. */
export function printProblems(terminal: Terminal, path: string, problems: readonly PlacedProblem[]): void {
  const file = fileName(path);
  for (const problem of problems) {
    const { place } = problem;
    terminal.printProblem(problem, place ? `${file}:${place.line}:${place.column}` : file);
  }
}

/** The path as short as it can be said from here. */
export function fileName(path: string): string {
  try {
    const short = relative("", path);
    return short.startsWith("..") ? path : short;
  } catch {
    // The current folder was deleted, and nothing is near it.
    return path;
  }
}
