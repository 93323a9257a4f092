/** The hosts file on disk: read, and changed whole or not at all, while others may write it too. */
import * as nodeFileSystem from "node:fs/promises";
import { dirname } from "node:path";
import { buffer } from "node:stream/consumers";
import {
  fail,
  OneportError,
  ok,
  type Problem,
  type Result,
  shortReason,
  systemCode,
} from "../core/errors.ts";
import type { HostsEdit } from "../core/hosts-edit.ts";
import { giveAttributes } from "./file-attributes.ts";
import { HostsDraft } from "./hosts-draft.ts";
import { type FileSystem, HostsLock, isSameFile } from "./hosts-lock.ts";
import { realHostsFile } from "./hosts-path.ts";

type FileHandle = nodeFileSystem.FileHandle;

/** Fails, and never answers with less than the file holds. */
export async function readHostsFile(path: string): Promise<Result<Buffer>> {
  try {
    return ok(await nodeFileSystem.readFile(await realHostsFile(path)));
  } catch (error) {
    return fail(readProblem(path, error));
  }
}

/** How often the file may change under our hands before we give up. */
const mostAttempts = 100;

/**
 * Reads the file, has it edited, and puts the outcome in its place by one rename, with its mode, owner and extended
 * attributes. Where a file cannot be replaced (a bind mount), or not with all its attributes, it is written in place.
 * Nothing is written, and no right to write is needed, when the edit changes nothing. `edit` may be called several times.
 */
export async function editHostsFile(
  path: string,
  edit: (file: Buffer) => Result<HostsEdit>,
  system: FileSystem = nodeFileSystem,
): Promise<Result<HostsEdit>> {
  const file = await readHostsFile(path);
  if (!file.ok) return file;
  const planned = edit(file.value);
  if (!planned.ok || planned.value.bytes.equals(file.value)) return planned;
  try {
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      const edited = await tryToEdit(await realHostsFile(path), edit, system);
      if (edited) return edited;
    }
  } catch (error) {
    return fail(writeProblem(path, error));
  }
  return fail(contended(path));
}

/** Undefined when somebody else wrote the file meanwhile: then nothing was done. */
async function tryToEdit(
  path: string,
  edit: (file: Buffer) => Result<HostsEdit>,
  system: FileSystem,
): Promise<Result<HostsEdit> | undefined> {
  await using lock = await HostsLock.take(path, system);
  await using draft = await HostsDraft.open(path, system);
  const { O_RDWR, O_NOFOLLOW = 0 } = nodeFileSystem.constants;
  await using old = await system.open(path, O_RDWR | O_NOFOLLOW);
  // First, because it takes longest, and the less time goes by between reading and writing the better.
  const isReplaceable = await giveAttributes({ path, handle: old }, draft);
  const before = await readWhole(old);
  const edited = edit(before);
  if (!edited.ok || edited.value.bytes.equals(before)) return edited;
  const { bytes } = edited.value;

  await draft.handle.truncate(0);
  await writeAt(draft.handle, bytes, 0);
  await draft.handle.sync();

  const isUntouched = (await readWhole(old)).equals(before) && (await isSameFile(path, old, system));
  if (!isUntouched || !(await lock.isHeld())) return undefined;
  const outcome = isReplaceable ? await replace(old, draft.path, path, system) : "impossible";
  if (outcome === "too late") return undefined;
  if (outcome === "done") await bringAlong(old, before, path, system);
  else await overwrite(old, before, bytes, path);
  return edited;
}

/**
 * `impossible` for a file that is mounted, which nothing can be renamed over; `too late` when another writer has removed the draft, or
 * another program has put a file of its own in the old one's place.
 */
async function replace(
  old: FileHandle,
  from: string,
  to: string,
  system: FileSystem,
): Promise<"done" | "impossible" | "too late"> {
  await using folder = await system.open(dirname(to));
  try {
    // At the last moment: what is put there between this and the rename is lost.
    if (!(await isSameFile(to, old, system))) return "too late";
    await system.rename(from, to);
  } catch (error) {
    const code = systemCode(error);
    if (code === "EBUSY" || code === "EXDEV") return "impossible";
    if (code === "ENOENT") return "too late";
    throw error;
  }
  // Without this the rename might not outlive a power cut.
  await folder.sync();
  return "done";
}

/** Who opened the old file before the rename may have appended to it after: that goes to the new one, too. */
async function bringAlong(old: FileHandle, before: Buffer, path: string, system: FileSystem): Promise<void> {
  const late = await readWhole(old);
  if (late.equals(before)) return;
  if (!late.subarray(0, before.length).equals(before)) throw new OneportError(contended(path));
  await system.appendFile(path, late.subarray(before.length));
}

/** A reader sees neither an empty file nor, but for an instant, half of one. What fails is taken back. */
async function overwrite(file: FileHandle, before: Buffer, after: Buffer, path: string): Promise<void> {
  const start = firstDifference(before, after);
  try {
    await writeAt(file, after.subarray(start), start);
    await file.truncate(after.length);
    await file.sync();
  } catch (error) {
    try {
      await writeAt(file, before.subarray(start), start);
      await file.truncate(before.length);
    } catch (cause) {
      throw halfWritten(path, cause);
    }
    throw error;
  }
}

function firstDifference(one: Buffer, other: Buffer): number {
  const index = one.findIndex((byte, at) => byte !== other[at]);
  return index < 0 ? one.length : index;
}

async function readWhole(file: FileHandle): Promise<Buffer> {
  return await buffer(file.createReadStream({ start: 0, autoClose: false }));
}

/** One write may take less than it was given. */
async function writeAt(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

function readProblem(path: string, error: unknown): Problem {
  if (error instanceof OneportError) return error.problem;
  return systemCode(error) === "ENOENT"
    ? {
        code: "hosts-missing",
        message: `There is no ${path}.`,
        remedy: "Make that file (it may be empty), or name another one.",
      }
    : {
        code: "hosts-unreadable",
        message: `${path} cannot be read (${shortReason(error)}).`,
        remedy: "Make it readable, and try again.",
      };
}

function writeProblem(path: string, error: unknown): Problem {
  if (error instanceof OneportError) return error.problem;
  const code = systemCode(error);
  const message = `${path} cannot be written (${shortReason(error)}).`;
  switch (code) {
    case "EACCES":
    case "EPERM":
      return {
        code: "hosts-not-writable",
        message: `${path} cannot be written by this user (${code}).`,
        remedy:
          'Do it as an administrator; if you are one, look whether it is immutable ("lsattr") or locked.',
      };
    case "EROFS":
      return {
        code: "hosts-read-only",
        message,
        remedy: "Its file system is read-only: mount it for writing.",
      };
    case "ENOSPC":
    case "EDQUOT":
      return { code: "hosts-full", message, remedy: "Make room on its file system, and try again." };
    default:
      return { code: "hosts-write-failed", message, remedy: "Put that right, and try again." };
  }
}

function contended(path: string): Problem {
  return {
    code: "hosts-contended",
    message: `${path} is being written by another program all the time.`,
    remedy: "Find out which, stop it, and try again.",
  };
}

function halfWritten(path: string, cause: unknown): OneportError {
  const problem = {
    code: "hosts-half-written",
    message: `${path} was written in part, and could not be put back (${shortReason(cause)}).`,
    remedy: "Correct Oneport's block at its end in an editor.",
  };
  return new OneportError(problem, { cause });
}
