/** Where the control sockets lie: one for each port, in a folder that no other user can enter. */
import { createHash } from "node:crypto";
import type { Stats } from "node:fs";
import { lstat, mkdir, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { OneportError, shortReason, systemCode } from "../core/errors.ts";

/** What `sun_path` holds on the systems we know (104 bytes on macOS, 108 on Linux), without its last zero. */
const longestPath = 103;
const widestPort = 65_535;
/** Windows lists the pipes only with the last backslash (nodejs/node#56110; read, not run here). */
const pipes = "\\\\.\\pipe\\";

export interface ControlFolder {
  /** Undefined on Windows: named pipes lie in no folder. */
  readonly path: string | undefined;
  /** What the addresses of all sockets begin with; listed, it tells their names, and on Windows those of other programs' pipes too. */
  readonly listing: string;
  /** The address of the control socket for a port. */
  readonly socket: (port: number) => string;
}

/** The system that it is looked for on. */
export interface System {
  readonly platform: NodeJS.Platform;
  readonly environment: NodeJS.ProcessEnv;
  /** The user's of this process, when absent; Windows has none. */
  readonly uid?: number | undefined;
}

/** Two state directories are two worlds. In the state directory, or, where that lies too deep, in one for such files. */
export function controlFolder(
  stateDirectory: string,
  { platform, environment, uid = process.getuid?.() }: System,
): ControlFolder {
  const world = createHash("sha256").update(stateDirectory).digest("hex").slice(0, 16);
  if (platform === "win32") {
    // Windows lets only its creator and administrators write to a pipe, unless told otherwise (read, not run here).
    return { path: undefined, listing: pipes, socket: (port) => `${pipes}oneport-${world}-${port}` };
  }
  const runtime = environment.XDG_RUNTIME_DIR;
  const folders = [
    join(stateDirectory, "run"),
    ...(runtime?.startsWith("/") ? [join(runtime, `oneport-${world}`)] : []),
  ];
  const short = folders.find((folder) => Buffer.byteLength(join(folder, fileOf(widestPort))) <= longestPath);
  const path = short ?? `/tmp/oneport-${uid}-${world}`;
  return { path, listing: `${path}/`, socket: (port) => join(path, fileOf(port)) };
}

/**
 * The ports that somebody may own a mux on: those of the sockets that there are, stale ones included. Throws
 * `control-folder-unusable` for a folder that cannot be read.
 */
export async function controlledPorts(
  { path, listing, socket }: ControlFolder,
  list: (path: string) => Promise<string[]> = readdir,
): Promise<number[]> {
  const files = await list(listing).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return [];
    throw unusable(path ?? listing, error);
  });
  return files.flatMap((file) => {
    const port = Number(/\d{1,5}(?=$|\.sock$)/.exec(file)?.[0]);
    return socket(port) === `${listing}${file}` ? [port] : [];
  });
}

/**
 * Throws `control-folder-unsafe` unless the folder is this user's alone: nobody else can have put a socket there. Before
 * listening it is made; before connecting it may be missing, and the answer is then false. Throws `control-folder-unusable` for
 * what the system refuses.
 */
export async function isSafeFolder({ path }: ControlFolder, how: "make" | "look"): Promise<boolean> {
  if (path === undefined) return true;
  let stats: Stats;
  try {
    if (how === "make") await makeFolder(path);
    stats = await lstat(path);
  } catch (error) {
    if (how === "look" && systemCode(error) === "ENOENT") return false;
    throw unusable(path, error);
  }
  const isOurs = stats.isDirectory() && stats.uid === process.getuid?.() && (stats.mode & 0o077) === 0;
  if (!isOurs) throw new OneportError(unsafe(path));
  return true;
}

/** With those missing above it. In that way Node says ENOENT of a read-only file system; asked for one alone it does not. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== "ENOENT" || path === dirname(path)) throw error;
    await makeFolder(dirname(path));
    await mkdir(path, 0o700);
  }
}

/** The error of the folder, or of a socket in it, that the system refused. */
export function unusable(path: string, cause: unknown): OneportError {
  const problem = {
    code: "control-folder-unusable",
    message: `${path}, through which the windows of Oneport talk to each other, cannot be used (${shortReason(cause)}).`,
    remedy: "See to it that you can write there, or set ONEPORT_STATE_DIR to another folder.",
  };
  return new OneportError(problem, { cause });
}

function fileOf(port: number): string {
  return `${port}.sock`;
}

function unsafe(path: string) {
  return {
    code: "control-folder-unsafe",
    message: `Other users could reach into ${path}, through which the windows of Oneport talk to each other.`,
    remedy: `Remove it, or make it yours alone with "chmod 700 ${path}".`,
  };
}
