/** The mode, owner and extended attributes of a file, given to the one that is to take its place. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { FileHandle } from "node:fs/promises";

interface OpenFile {
  readonly path: string;
  readonly handle: FileHandle;
}

/**
 * Node cannot copy extended attributes and access lists; these can. Linux's is given the open file (as 3), which it
 * cannot mistake for another one of that name; macOS's copies the content, too.
 */
const copyArguments: {
  readonly [Platform in NodeJS.Platform]?: (from: string, to: string) => readonly string[];
} = {
  linux: (from) => [
    "--attributes-only",
    "--preserve=all",
    "--no-preserve=timestamps",
    "--",
    from,
    "/dev/fd/3",
  ],
  darwin: (from, to) => ["-p", "--", from, to],
};

/**
 * True once `to` has them all. False where they cannot be given, for whatever reason (no right to give the file away,
 * a `cp` that knows no such options, Windows): only the old file has them then. The content of `to` is lost.
 */
export async function giveAttributes(from: OpenFile, to: OpenFile): Promise<boolean> {
  const list = copyArguments[process.platform]?.(from.path, to.path);
  if (!list) return false;
  try {
    const wanted = await from.handle.stat();
    const had = await to.handle.stat();
    if (wanted.uid !== had.uid || wanted.gid !== had.gid) await to.handle.chown(wanted.uid, wanted.gid);
    const stdio = ["ignore", "ignore", "ignore", to.handle.fd] as const;
    const [status] = await once(spawn("/bin/cp", list, { stdio: [...stdio], env: { LC_ALL: "C" } }), "exit");
    return status === 0;
  } catch {
    return false;
  }
}
