/** Settings as a file: FOLDER/.vscode/settings.json or another in its form, which is JSON with comments. */
import { readFileSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { getNodeValue, type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import {
  fail,
  lacksDescriptors,
  ok,
  outOfDescriptors,
  type Problem,
  type Result,
  shortReason,
  systemCode,
} from "../core/errors.ts";
import { mostLevels, tooDeepAt } from "../core/nesting.ts";
import type { SettingsProblem } from "../core/settings.ts";
import { shown } from "../core/wording.ts";

/** Where a piece of the text stands. `line` and `column` count from 1, `offset` from 0, in UTF-16 units. */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly offset: number;
  readonly length: number;
}

export interface SettingsFile {
  readonly values: Readonly<Record<string, unknown>>;
  /** Without its byte order mark. */
  readonly text: string;
  /** Keys written twice; `values` holds the last of each, as in VS Code. */
  readonly problems: readonly SettingsProblem[];
  /** Where the key or the value at a JSON path stands; undefined if the file has no such path. */
  locate(path: readonly (string | number)[], part: "key" | "value"): Place | undefined;
}

/** Reads the file. Fails with `settings-missing`, `settings-unreadable`, `settings-encoding` or what `parseSettingsText` fails with. */
export async function readSettingsFile(file: string): Promise<Result<SettingsFile>> {
  let content: Buffer;
  try {
    content = await readFile(file);
  } catch (error) {
    return fail(unreadable(file, error));
  }
  if (isUtf16(content)) return fail(inUtf16(file));
  return parseSettingsText(content.toString("utf8"), file);
}

/** By its byte order mark (RFC 2781 §3.2), or by the zero beside what JSON begins with (RFC 4627 §3). */
function isUtf16(content: Buffer): boolean {
  const [first, second] = content;
  return (
    (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff) || first === 0 || second === 0
  );
}

function inUtf16(file: string): Problem {
  const message = `${file} is written in UTF-16, but settings are UTF-8.`;
  return { code: "settings-encoding", message, remedy: "Save it as UTF-8." };
}

/** As `readSettingsFile`, for one that was there before: a pipe in its place is not waited for. */
export async function readSettingsFileAgain(file: string): Promise<Result<SettingsFile>> {
  if (!isPipe(file)) return readSettingsFile(file);
  const message = `${file} cannot be read: it is no file any more, but a pipe or a device.`;
  return fail({ code: "settings-unreadable", message, remedy: "Put a file there." });
}

function unreadable(file: string, error: unknown): Problem {
  if (lacksDescriptors(error)) return outOfDescriptors;
  if (systemCode(error) === "ENOENT") {
    const remedy = 'Write one, such as { "oneport.routes": { "shop.localhost": 3000 } }.';
    return { code: "settings-missing", message: `There is no file ${file}.`, remedy };
  }
  const message = `${file} cannot be read (${shortReason(error)}).`;
  const isOther = systemCode(error) === "ENOTDIR" || systemCode(error) === "EISDIR";
  const remedy = isOther
    ? 'Name the folder that has ".vscode" in it, or a settings file by "--config".'
    : "Name a file that you may read.";
  return { code: "settings-unreadable", message, remedy };
}

/**
 * Reads the text of a settings file; `file` is its name in messages. An empty text holds no settings. Fails with
 * `settings-syntax` or `settings-type`.
 */
export function parseSettingsText(written: string, file: string): Result<SettingsFile> {
  const text = written.replace(/^\uFEFF/, "");
  const deep = tooDeepAt(text);
  if (deep !== undefined)
    return fail(broken(text, file, deep, `this is nested in more than ${mostLevels} levels`));
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true, allowEmptyContent: true });
  const [error] = errors;
  if (error) return fail(notJson(text, file, error));
  if (root && root.type !== "object") {
    const message = `${file} holds no object, but settings are one.`;
    return fail({ code: "settings-type", message, remedy: "Put the settings in braces: { … }." });
  }
  const values: SettingsFile["values"] = root ? getNodeValue(root) : {};
  const locate: SettingsFile["locate"] = (path, part) => {
    const node = root && nodeAt(root, path, part);
    return node && placeOf(text, node.offset, node.length);
  };
  const ours = childrenOf(root).filter((property) => String(keyOf(property)).startsWith("oneport."));
  return ok({ values, text, problems: repeatedKeys(ours, []), locate });
}

function notJson(text: string, file: string, { error, offset }: ParseError): Problem {
  const what = printParseErrorCode(error)
    .replace(/(?<=[a-z])(?=[A-Z])/g, " ")
    .toLowerCase();
  return broken(text, file, offset, `this is not JSON with comments (${what})`);
}

function broken(text: string, file: string, offset: number, what: string): Problem {
  const { line, column } = placeOf(text, offset, 0);
  return {
    code: "settings-syntax",
    message: `${file}:${line}:${column}: ${what}.`,
    remedy: "Correct it there; until then the last good settings stay in force.",
  };
}

type Path = readonly (string | number)[];

function childrenOf(node: Node | undefined): readonly Node[] {
  return node?.children ?? [];
}

/** The key of a property; the parser gives each its key as first child and its value, if there is one, as second. */
function keyOf(property: Node): unknown {
  return property.children?.[0]?.value;
}

/** What stands in a value that does not count is of no interest. */
function repeatedKeys(properties: readonly Node[], path: Path): SettingsProblem[] {
  const last = new Map(properties.map((property) => [String(keyOf(property)), property]));
  const seen = new Set<string>();
  return properties.flatMap((property) => {
    const key = String(keyOf(property));
    const value = property.children?.[1];
    const counts = property === last.get(key);
    const below = counts && value?.type === "object" ? repeatedKeys(childrenOf(value), [...path, key]) : [];
    if (!seen.has(key)) {
      seen.add(key);
      return below;
    }
    const message = `The key ${shown(key)} is written twice, and only the last one counts.`;
    const problem = { code: "settings-repeated-key", message, remedy: "Remove one of the two." };
    return [{ ...problem, path: [...path, key], part: "key" as const }, ...below];
  });
}

/** The node of the value at the path, or that of its key. Of a repeated key the last one, whose value counts. */
function nodeAt(root: Node, path: Path, part: "key" | "value"): Node | undefined {
  let value: Node | undefined = root;
  let key: Node | undefined;
  for (const step of path) {
    if (typeof step === "number") {
      [key, value] = [undefined, value?.type === "array" ? childrenOf(value)[step] : undefined];
    } else {
      const properties: readonly Node[] = value?.type === "object" ? childrenOf(value) : [];
      [key, value] = properties.findLast((property) => keyOf(property) === step)?.children ?? [];
    }
  }
  return part === "key" ? key : value;
}

function placeOf(text: string, offset: number, length: number): Place {
  const before = text.slice(0, offset).split(/\r\n|\n|\r/);
  return { line: before.length, column: (before.at(-1) ?? "").length + 1, offset, length };
}

const pollMilliseconds = 250;
const settleMilliseconds = 50;

/**
 * Calls `onChange` once for each new content of the file, its coming and its going included, whatever way editors
 * write it. A change that follows this call is never missed, so read the file after it. Polls, because a watch
 * ends when the file is renamed over, and cannot begin while the folder does not exist. Ends when disposed.
 */
export function watchSettingsFile(file: string, onChange: () => void): Disposable {
  // A pipe can be read once, and that is for whoever wants its settings.
  if (isPipe(file)) return { [Symbol.dispose]: () => {} };
  let known = contentOf(file);
  let last = known;
  const poll = () => {
    const content = contentOf(file);
    // Two equal reads in a row: an editor that truncates and then writes shows an empty or a torn file in between.
    const settled = content === last;
    last = content;
    timer = setTimeout(poll, settled ? pollMilliseconds : settleMilliseconds);
    if (!settled || content === known) return;
    known = content;
    onChange();
  };
  let timer = setTimeout(poll, pollMilliseconds);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

/** Whether it is no file, and reading it may wait for somebody to write. */
function isPipe(file: string): boolean {
  try {
    const stats = statSync(file);
    return !stats.isFile() && !stats.isDirectory();
  } catch {
    // What cannot be looked at yet may come, and will be a file.
    return false;
  }
}

/** The text, or the code of the error that stands in its way: a file that cannot be read is a state as well. */
function contentOf(file: string): string {
  if (isPipe(file)) return "pipe";
  try {
    return `text ${readFileSync(file, "utf8")}`;
  } catch (error) {
    return `error ${shortReason(error)}`;
  }
}
