/** The folder that Oneport keeps its own files in, how a file is written there, and how a changed one is noticed. */
import { randomUUID } from "node:crypto";
import { access, constants, mkdir, open, rename, rm, stat, statfs } from "node:fs/promises";
import { dirname, join, posix, resolve, win32 } from "node:path";
import { OneportError, shortReason, systemCode } from "../core/errors.ts";

/** `ONEPORT_STATE_DIR` if it is set, else the platform's usual place. Absolute, as `home` is; nothing is created. */
export function stateDirectory(
  environment: NodeJS.ProcessEnv,
  platform: NodeJS.Platform,
  home: string,
): string {
  if (environment.ONEPORT_STATE_DIR) return resolve(environment.ONEPORT_STATE_DIR);
  if (platform === "win32") {
    const local = environment.LOCALAPPDATA ?? "";
    return win32.join(win32.isAbsolute(local) ? local : win32.join(home, "AppData", "Local"), "Oneport");
  }
  if (platform === "darwin") return posix.join(home, "Library", "Application Support", "Oneport");
  // The XDG base directory specification has a relative path ignored.
  const xdg = environment.XDG_STATE_HOME ?? "";
  return posix.join(posix.isAbsolute(xdg) ? xdg : posix.join(home, ".local", "state"), "oneport");
}

/** The authority's folder in the state directory, there or not. */
export function authorityFolderIn(stateDirectory: string): string {
  return join(stateDirectory, "ca");
}

/** The file of its root certificate. */
export function rootFileIn(stateDirectory: string): string {
  return join(authorityFolderIn(stateDirectory), "root.crt");
}

/** Makes a folder, and those missing above it, that only this user may enter. One that is there stays as it is. */
export async function makePrivateFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    // Node says ENOENT of a read-only file system, and of others that refuse.
    throw (await obstacleTo(path)) ?? notWritable(path, error);
  }
}

/** Writes a file that only this user may read: whole or not at all, whatever was there before. */
export async function writePrivateFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw notWritable(path, error);
  }
}

/** In bytes: what little files take on a file system is a block each. */
const leastRoom = 32 * 1024;

/** The error that making this folder with a few files, which is not there yet, would end with; undefined when it can be made. */
export async function obstacleTo(path: string): Promise<OneportError | undefined> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    try {
      await access(folder, constants.W_OK | constants.X_OK);
      const { blocks, bavail, bsize } = await statfs(folder);
      // One that says it has no blocks at all does not count them.
      const isFull = blocks > 0 && bavail * bsize < leastRoom;
      return isFull ? notWritable(path, Object.assign(new Error("full"), { code: "ENOSPC" })) : undefined;
    } catch (error) {
      if (systemCode(error) !== "ENOENT" || folder === dirname(folder)) return notWritable(path, error);
    }
  }
}

/** The error of a write in the state directory that the system refused. */
export function notWritable(path: string, cause: unknown): OneportError {
  const problem = {
    code: "state-not-writable",
    message: `${path} cannot be written (${shortReason(cause)}).`,
    remedy: remedyFor(systemCode(cause)),
  };
  return new OneportError(problem, { cause });
}

function remedyFor(code: string | undefined): string {
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return "Make room on its file system, or set ONEPORT_STATE_DIR to a folder on another one.";
    case "EROFS":
      return "Set ONEPORT_STATE_DIR to a folder on another file system: this one is read-only.";
    default:
      return "Make its folder writable, or set ONEPORT_STATE_DIR to one that is.";
  }
}

/** Differs once the file is another one or has been written to; undefined when there is none. Follows links. */
export async function fileStamp(path: string): Promise<string | undefined> {
  try {
    const { ino, mtimeMs, size } = await stat(path);
    return `${ino}:${mtimeMs}:${size}`;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
