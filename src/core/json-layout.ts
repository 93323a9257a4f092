/** Where an element of a JSON object or list goes in and out of its text, among commas, comments and line ends. */
import type { Node } from "jsonc-parser";

export function endOf({ offset, length }: Node): number {
  return offset + length;
}

/** A value on one line, with spaces where people write them. */
export function toJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toJson).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const properties = Object.entries(value).filter(([, each]) => each !== undefined);
  const written = properties.map(([key, each]) => `${JSON.stringify(key)}: ${toJson(each)}`);
  return written.length > 0 ? `{ ${written.join(", ")} }` : "{}";
}

/**
 * The text without one element of the container. What fills whole lines takes them with it, and the comment behind it; all
 * other comments stay.
 */
export function removeElement(text: string, container: Node, index: number): string {
  const elements = container.children ?? [];
  const element = elements[index];
  if (!element) return text;
  const comma = commaBehind(text, element);
  if (comma !== undefined) return cut(text, room(text, element.offset, comma + 1));
  const rest = cut(text, room(text, element.offset, endOf(element)));
  const previous = elements[index - 1];
  const needless = previous && commaBehind(text, previous);
  return needless === undefined ? rest : cut(rest, [needless, needless + 1]);
}

/** The text with one more element at the container's end, laid out as the element before it. `written` is that element. */
export function insertElement(text: string, container: Node, written: string): string {
  const last = container.children?.at(-1);
  if (!last) return insertFirst(text, container, written);
  const comma = commaBehind(text, last);
  const writtenEnd = comma === undefined ? endOf(last) : comma + 1;
  const at = behindComments(text, writtenEnd);
  const indent = indentOf(text, last.offset);
  const isAlone = startOfBlanks(text, last.offset) === startOfLine(text, last.offset);
  const isBehindLineComment = text.slice(writtenEnd, at).includes("//");
  const gap = isAlone || isBehindLineComment ? newline(text) + indent + (isAlone ? "" : unit(text)) : " ";
  const [before, between, after] = [text.slice(0, endOf(last)), text.slice(endOf(last), at), text.slice(at)];
  return comma === undefined
    ? `${before},${between}${gap}${written}${after}`
    : `${before}${between}${gap}${written},${after}`;
}

/** Below what comments there are, indented once more than the line on which the container begins. */
function insertFirst(text: string, container: Node, written: string): string {
  const [open, close] = [container.offset + 1, endOf(container) - 1];
  const comments = text.slice(open, close).trimEnd();
  const blanks = text.slice(open + comments.length, close);
  const indent = indentOf(text, container.offset);
  const end = /[\r\n]/.test(blanks) ? blanks : newline(text) + indent;
  const line = `${newline(text)}${indent}${unit(text)}${written}`;
  return text.slice(0, open) + comments + line + end + text.slice(close);
}

type Range = readonly [start: number, end: number];

function cut(text: string, [start, end]: Range): string {
  return text.slice(0, start) + text.slice(end);
}

/** What goes with the text from `start` to `end`: its lines, when it has them for itself; else the blanks beside it. */
function room(text: string, start: number, end: number): Range {
  const blanks = startOfBlanks(text, start);
  const isFirst = blanks === startOfLine(text, start);
  if (!isFirst && blanks < start) return [blanks, end];
  const lineEnd = behind(text, behindComments(text, end), /[ \t]*(?:\r\n|\n|\r)/y);
  if (isFirst && lineEnd !== undefined) return [blanks, lineEnd];
  return [start, behind(text, end, /[ \t]+/y) ?? end];
}

/** Where the comma behind an element stands, if there is one. */
function commaBehind(text: string, element: Node): number | undefined {
  const at = behind(text, endOf(element), /(?:\s|\/\*[\s\S]*?\*\/|\/\/[^\r\n]*)*/y) ?? endOf(element);
  return text[at] === "," ? at : undefined;
}

/** Where the comments end that follow on the same line. */
function behindComments(text: string, at: number): number {
  return behind(text, at, /(?:[ \t]*\/\*[^\r\n]*?\*\/)*(?:[ \t]*\/\/[^\r\n]*)?/y) ?? at;
}

/** Where a match that begins just there ends; `pattern` is sticky. */
function behind(text: string, at: number, pattern: RegExp): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

function startOfBlanks(text: string, at: number): number {
  let start = at;
  while (text[start - 1] === " " || text[start - 1] === "\t") start--;
  return start;
}

function startOfLine(text: string, at: number): number {
  return Math.max(text.lastIndexOf("\n", at - 1), text.lastIndexOf("\r", at - 1)) + 1;
}

function indentOf(text: string, at: number): string {
  return /^[ \t]*/.exec(text.slice(startOfLine(text, at)))?.[0] ?? "";
}

/** One step of indentation, as the first indented line has it; without one, VS Code's own. */
function unit(text: string): string {
  return /^[ \t]+(?=")/m.exec(text)?.[0] ?? "    ";
}

function newline(text: string): string {
  return /\r\n|\n|\r/.exec(text)?.[0] ?? "\n";
}
