/** Where the hosts file is: the system's place for it, and the real file behind a path, if its links can be trusted. */
import { lstat, readlink, realpath, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, parse, posix, resolve, sep, win32 } from "node:path";
import { OneportError } from "../core/errors.ts";

/** The file that the system's look-ups read. */
export function systemHostsFile(platform: NodeJS.Platform, environment: NodeJS.ProcessEnv): string {
  if (platform !== "win32") return posix.join("/etc", "hosts");
  return win32.join(environment.SystemRoot || "C:\\Windows", "System32", "drivers", "etc", "hosts");
}

/**
 * The absolute path without any link. Throws a OneportError for a link of another user, and for one into a folder that
 * others can write: whoever writes as root would write where they say. Windows has no such owners to look at.
 */
export async function realHostsFile(path: string): Promise<string> {
  const absolute = resolve(path);
  if (process.platform === "win32") return await realpath(absolute);
  const real = await follow(parse(absolute).root, absolute, 0);
  if (real !== absolute) await checkFolder(path, dirname(real));
  const stats = await lstat(real);
  if (!stats.isFile()) {
    throw new OneportError({
      code: "hosts-no-file",
      message: `${path} is not a file.`,
      remedy: "Name a hosts file.",
    });
  }
  return real;
}

/** As the system's own limit: more links than this are a circle. */
const mostLinks = 40;

/** `path`, seen from the folder `from`, which has no link in it. */
async function follow(from: string, path: string, links: number): Promise<string> {
  let real = isAbsolute(path) ? parse(path).root : from;
  for (const name of path.split(sep)) {
    if (name === "" || name === ".") continue;
    const next = join(real, name);
    const stats = await lstat(next);
    if (!stats.isSymbolicLink()) {
      real = next;
      continue;
    }
    if (!isOwn(stats.uid)) throw foreignLink(next, `the link ${next} belongs to another user`);
    if (links >= mostLinks) throw foreignLink(next, `the link ${next} goes round in a circle`);
    real = await follow(real, await readlink(next), links + 1);
  }
  return real;
}

async function checkFolder(path: string, folder: string): Promise<void> {
  const { uid, mode } = await stat(folder);
  if (!isOwn(uid)) throw foreignLink(path, `it is a link into ${folder}, which belongs to another user`);
  if ((mode & 0o022) !== 0) throw foreignLink(path, `it is a link into ${folder}, which others can write`);
}

/** Root's, or that of whoever runs this. */
function isOwn(uid: number): boolean {
  return uid === 0 || uid === process.geteuid?.();
}

function foreignLink(path: string, why: string): OneportError {
  return new OneportError({
    code: "hosts-link",
    message: `${path} is not followed: ${why}.`,
    remedy: "Name the file itself.",
  });
}
