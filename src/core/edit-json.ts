/** Changes of JSON with comments as text: what is not changed stays as it is, comments, order, indentation and line ends too. */
import { getNodeValue, type Node, type ParseError, parseTree } from "jsonc-parser";
import { endOf, insertElement, removeElement, toJson } from "./json-layout.ts";

type Path = readonly (string | number)[];

/**
 * The text with this value at the path; `undefined` takes the property out, with the comment behind it on its line. Of the
 * objects and lists that are there already, only what differs is written. Answers undefined when the text is no JSON with
 * comments, or has no object to hold the property.
 */
export function writeProperty(text: string, path: readonly string[], value: unknown): string | undefined {
  const [holder, key] = split(path);
  if (key === undefined || objectAt(text, holder) === undefined) return undefined;
  if (value !== undefined) return writeElement(text, holder, key, value);
  let rest = text;
  // A key that is written twice is gone when both are.
  while (propertyAt(rest, path)) rest = removeAt(rest, holder, key);
  return rest;
}

/** The text with another key for the property, which keeps its place. Undefined when there is no such property. */
export function renameProperty(text: string, path: readonly string[], newKey: string): string | undefined {
  const key = propertyAt(text, path)?.children?.[0];
  if (!key) return undefined;
  const renamed = replace(text, key, JSON.stringify(newKey));
  return writeProperty(renamed, path, undefined) ?? renamed;
}

/** What is different between two texts, as one replacement in the first. */
export function difference(
  before: string,
  after: string,
): { readonly offset: number; readonly length: number; readonly text: string } {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  let end = 0;
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  return { offset: start, length: before.length - start - end, text: after.slice(start, after.length - end) };
}

function writeElement(text: string, holder: Path, key: string | number, value: unknown): string {
  const path = [...holder, key];
  const node = nodeAt(text, path);
  if (node) return rewrite(text, path, node, value);
  const container = nodeAt(text, holder);
  if (!container) return text;
  const name = typeof key === "string" ? `${JSON.stringify(key)}: ` : "";
  return insertElement(text, container, name + toJson(value));
}

/** Writes only what differs; each step is one change, and the text is read again for the next. */
function rewrite(text: string, path: Path, node: Node, value: unknown): string {
  const written: unknown = getNodeValue(node);
  const [before, after] = [entriesOf(written), entriesOf(value)];
  if (before && after && Array.isArray(written) === Array.isArray(value)) {
    const kept = new Set<string | number>(after.map(([key]) => key));
    // From the end, so that the places of those before stay what they are.
    const gone = before.map(([key]) => key).filter((key) => !kept.has(key));
    const rest = gone.toReversed().reduce<string>((now, key) => removeAt(now, path, key), text);
    return after.reduce((now, [key, item]) => writeElement(now, path, key, item), rest);
  }
  return written === value ? text : replace(text, node, toJson(value));
}

/** The items of a list or the properties of an object that JSON can hold. */
function entriesOf(value: unknown): (readonly [string | number, unknown])[] | undefined {
  if (Array.isArray(value)) return value.map((item: unknown, index) => [index, item]);
  if (typeof value !== "object" || value === null) return undefined;
  return Object.entries(value).filter(([, each]) => each !== undefined);
}

function removeAt(text: string, holder: Path, key: string | number): string {
  const container = nodeAt(text, holder);
  const index = container ? indexOf(container, key) : -1;
  return container && index >= 0 ? removeElement(text, container, index) : text;
}

function replace(text: string, node: Node, by: string): string {
  return text.slice(0, node.offset) + by + text.slice(endOf(node));
}

function split(path: readonly string[]): readonly [holder: Path, key: string | undefined] {
  return [path.slice(0, -1), path.at(-1)];
}

function objectAt(text: string, path: Path): Node | undefined {
  const node = nodeAt(text, path);
  return node?.type === "object" ? node : undefined;
}

function propertyAt(text: string, path: readonly string[]): Node | undefined {
  const [holder, key = ""] = split(path);
  const object = objectAt(text, holder);
  return object?.children?.[indexOf(object, key)];
}

/** The value at the path; undefined where there is none, and in what is no JSON with comments. */
function nodeAt(text: string, path: Path): Node | undefined {
  const errors: ParseError[] = [];
  let node = parseTree(text, errors, { allowTrailingComma: true });
  if (errors.length > 0) return undefined;
  for (const step of path) {
    const element = node?.children?.[indexOf(node, step)];
    node = typeof step === "number" ? element : element?.children?.[1];
  }
  return node;
}

/** Of a repeated key the last, whose value counts; -1 where there is none. */
function indexOf(container: Node, key: string | number): number {
  if (typeof key === "number") return container.type === "array" ? key : -1;
  if (container.type !== "object") return -1;
  return (container.children ?? []).findLastIndex((property) => property.children?.[0]?.value === key);
}
