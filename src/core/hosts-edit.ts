/** The edit of a hosts file: its bytes in, its bytes with our block or without it out; all other bytes stay. */
import { canonicalAddress, endsInNumber, normalizeName } from "./domain.ts";
import { fail, ok, type Problem, type Result } from "./errors.ts";
import { type HostsEntry, renderHostsBlock } from "./hosts-block.ts";
import { byteOrderMark, readHostsLayout, unendedNote, withoutReturn } from "./hosts-layout.ts";
import { isLocalhost } from "./loopback.ts";
import { shown } from "./wording.ts";

export interface HostsEdit {
  /** The whole file as it is to be. */
  readonly bytes: Buffer;
  /** The lines that go and the lines that come, in their order, without line ends: the exact difference. */
  readonly removed: readonly string[];
  readonly added: readonly string[];
  /** Names that another line of the file maps elsewhere. */
  readonly warnings: readonly Problem[];
}

/**
 * Puts the entries into the block of the file, in place of what it held, or into a new one at its end; no entries
 * remove the block. The entries are validated as if from a stranger. Fails, with the lines at fault, when the file is
 * not text of one byte a character or when its markers do not make one block.
 */
export function editHosts(file: Buffer, entries: readonly HostsEntry[]): Result<HostsEdit> {
  const strange = entries.find((entry) => !isAllowed(entry));
  if (strange) return fail(refusedEntry(strange));
  const read = readHostsLayout(file);
  if (!read.ok) return read;
  const { before, block, after } = read.value;
  const newline = usualLineEnd(before + after);
  const { added, end, noted } = block === "" ? newBlockAfter(before, newline) : read.value;
  const note = noted ? unendedNote : undefined;
  const rendered = renderHostsBlock(entries, newline, note).slice(0, -newline.length);
  const text = before + (rendered === "" ? "" : added + rendered + end) + after;
  return ok({
    bytes: Buffer.from(text, "latin1"),
    ...difference(linesOf(block), linesOf(rendered)),
    warnings: conflicts(text, entries),
  });
}

function newBlockAfter(before: string, newline: string) {
  const isLineStart = before === "" || before === byteOrderMark || before.endsWith("\n");
  return { added: isLineStart ? "" : newline, end: newline, noted: !isLineStart };
}

/** What the block holds now; nothing if there is none. Fails as `editHosts` does. */
export function readHostsBlock(file: Buffer): Result<readonly HostsEntry[]> {
  const read = readHostsLayout(file);
  return read.ok ? ok(linesOf(read.value.block).flatMap(entriesOf)) : read;
}

/** Nothing but loopback addresses and plain names: this runs with more rights than whoever asks for it. */
function isAllowed({ address, name }: HostsEntry): boolean {
  const isLoopback =
    address === "::1" || (address.startsWith("127.") && canonicalAddress(address) === address);
  return isLoopback && normalizeName(name) === name && !endsInNumber(name) && !isLocalhost(name);
}

function refusedEntry({ address, name }: HostsEntry): Problem {
  return {
    code: "hosts-entry",
    message: `${shown(`${address} ${name}`)} is no line for Oneport to write into the hosts file.`,
    remedy: "Only loopback addresses and domain names outside localhost are written.",
  };
}

/** CRLF where more than half of the lines have it. */
function usualLineEnd(text: string): "\r\n" | "\n" {
  const count = (lineEnd: string) => text.split(lineEnd).length - 1;
  return count("\r\n") * 2 > count("\n") ? "\r\n" : "\n";
}

function linesOf(block: string): readonly string[] {
  return block === "" ? [] : block.split("\n");
}

/** Line by line if what stays keeps its order, else all of the old and all of the new. */
function difference(old: readonly string[], now: readonly string[]): Pick<HostsEdit, "removed" | "added"> {
  const without = (lines: readonly string[], others: readonly string[]) => {
    const known = new Set(others);
    return lines.filter((line) => !known.has(line));
  };
  const removed = without(old, now);
  const added = without(now, old);
  const isInOrder = without(old, removed).join("\n") === without(now, added).join("\n");
  return {
    removed: (isInOrder ? removed : old).map(readable),
    added: (isInOrder ? added : now).map(readable),
  };
}

function readable(line: string): string {
  return Buffer.from(withoutReturn(line), "latin1").toString("utf8");
}

/** The lines of the file, as it is to be, that map one of our names to an address that we do not give it. */
function conflicts(text: string, entries: readonly HostsEntry[]): readonly Problem[] {
  const ours = Map.groupBy(entries, ({ name }) => name);
  const marked = text.startsWith(byteOrderMark) ? text.slice(byteOrderMark.length) : text;
  return marked.split("\n").flatMap((line, index) =>
    entriesOf(line).flatMap(({ address, name }) => {
      const given = ours.get(name);
      return !given || given.some((entry) => entry.address === address)
        ? []
        : [conflict(index + 1, address, name)];
    }),
  );
}

function conflict(line: number, address: string, name: string): Problem {
  return {
    code: "hosts-conflict",
    message: `Line ${line} of the hosts file maps ${name} to ${address}, too.`,
    remedy: "Delete that line, unless programs may go there in place of Oneport.",
  };
}

/** What a line maps: an address, then names, up to a comment. */
function entriesOf(line: string): readonly HostsEntry[] {
  const [first = "", ...names] = line
    .replace(/#.*/s, "")
    .trim()
    .split(/[ \t\r]+/);
  const address = canonicalAddress(first);
  if (address === undefined) return [];
  return names.flatMap((written) => {
    const name = normalizeName(written);
    return name === undefined ? [] : [{ address, name }];
  });
}
