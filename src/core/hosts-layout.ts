/** A hosts file taken apart: what is before our block, the block, and what is after it. */
import { fail, ok, type Problem, type Result } from "./errors.ts";
import { hostsMarkers } from "./hosts-block.ts";

/** In the block of a file whose last line had no end: with it, removing the block gives back that very file. */
export const unendedNote = "# (the line above had no line end)";

/** The UTF-8 byte order mark, read as Latin-1. */
export const byteOrderMark = "\xef\xbb\xbf";

/** The file around the block, as Latin-1: one character a byte, so that every encoding comes out as it went in. */
export interface HostsLayout {
  /** Up to the block, without `added`. */
  readonly before: string;
  /** The line end that was added to the file's last line to begin the block; often nothing. */
  readonly added: string;
  /** From the one marker to the other; empty if there is none. */
  readonly block: string;
  /** What ends the line of the last marker; nothing at the end of some files. */
  readonly end: string;
  readonly after: string;
  readonly noted: boolean;
}

/** Fails, with the lines at fault, when the file is no text or when its markers do not make one block. */
export function readHostsLayout(file: Buffer): Result<HostsLayout> {
  const strange = encodingProblem(file);
  if (strange) return fail(strange);
  const text = file.toString("latin1");
  const markers = findMarkers(text);
  const wrong = markerProblem(markers);
  if (wrong) return fail(wrong);
  const [begin, end] = markers;
  if (!begin || !end) return ok({ before: text, added: "", block: "", end: "", after: "", noted: false });

  const block = text.slice(begin.start, end.start + hostsMarkers.end.length);
  const after = text.slice(end.start + hostsMarkers.end.length + end.lineEnd.length);
  const noted = withoutReturn(block.split("\n")[1] ?? "") === unendedNote;
  const before = text.slice(0, begin.start);
  // What others have appended since needs the line end.
  const added = noted && after === "" ? addedEnd(before, begin.lineEnd) : "";
  const original = before.slice(0, before.length - added.length);
  return ok({ before: original, added, block, end: end.lineEnd, after, noted });
}

/** It is of the kind that the block has: a lone CR before it is the file's own. */
function addedEnd(before: string, lineEnd: string): string {
  return [lineEnd, "\n"].find((each) => before.endsWith(each)) ?? "";
}

function encodingProblem(file: Buffer): Problem | undefined {
  const nul = file.indexOf(0);
  const mark = file.toString("latin1", 0, 2);
  const isWide = mark === "\xff\xfe" || mark === "\xfe\xff";
  if (nul < 0 && !isWide) return undefined;
  // In UTF-16 every other byte of ASCII text is NUL.
  if (isWide || file.filter((byte) => byte === 0).length * 3 > file.length) {
    return {
      code: "hosts-utf16",
      message: "The hosts file is UTF-16, which no system reads.",
      remedy: "Save it as UTF-8 or ASCII in an editor, and try again.",
    };
  }
  const line = file.toString("latin1", 0, nul).split("\n").length;
  return {
    code: "hosts-nul",
    message: `The hosts file has a NUL byte in line ${line}: it is damaged, or no text.`,
    remedy: "Correct that line in an editor, and try again.",
  };
}

interface Marker {
  readonly kind: "begin" | "end" | "damaged";
  readonly line: number;
  /** Where its line begins, in bytes. */
  readonly start: number;
  readonly lineEnd: string;
}

function findMarkers(text: string): readonly Marker[] {
  const markers: Marker[] = [];
  let start = text.startsWith(byteOrderMark) ? byteOrderMark.length : 0;
  for (const [index, line] of text.slice(start).split("\n").entries()) {
    const bare = withoutReturn(line);
    if (/\b(?:BEGIN|END)\s+Oneport/.test(bare)) {
      const kind = bare === hostsMarkers.begin ? "begin" : bare === hostsMarkers.end ? "end" : "damaged";
      const lineEnd = text.slice(start + bare.length, start + line.length + 1);
      markers.push({ kind, line: index + 1, start, lineEnd });
    }
    start += line.length + 1;
  }
  return markers;
}

/** What keeps the markers from being none or one pair. */
function markerProblem(markers: readonly Marker[]): Problem | undefined {
  const order = markers.map(({ kind }) => kind).join(" ");
  if (order === "" || order === "begin end") return undefined;
  const says = {
    begin: "begins a block",
    end: "ends a block",
    damaged: "is no longer the marker that it was",
  } as const;
  const lines = markers.map(({ line }) => line).join(", ");
  return {
    code: "hosts-markers",
    message: `Oneport's markers in the hosts file do not make one block: ${markers
      .map(({ kind, line }) => `line ${line} ${says[kind]}`)
      .join(", ")}.`,
    remedy:
      `Delete ${markers.length === 1 ? "line" : "the lines"} ${lines} in an editor, and those lines of Oneport's ` +
      "that belong to them; then try again.",
  };
}

export function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
