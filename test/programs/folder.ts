/** Throw-away folders for servers, and the user whose they are. */
import { readFileSync } from "node:fs";
import { chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

interface User {
  readonly name: string;
  /** Whether it has a shell, as a login over SSH needs. */
  readonly hasShell: boolean;
  /** Absent when it is the tests' own user. */
  readonly ids?: { readonly uid: number; readonly gid: number };
}

/** Whom the servers run as: PostgreSQL and MariaDB refuse to be root. */
export const user = ordinaryUser();

function ordinaryUser(): User {
  const self = userInfo();
  if (self.uid !== 0) return { name: self.username, hasShell: isShell(self.shell) };
  const accounts = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  for (const name of ["postgres", "nobody"]) {
    const [, , uid, gid, , , shell] = accounts.find(([account]) => account === name) ?? [];
    if (shell !== undefined)
      return { name, hasShell: isShell(shell), ids: { uid: Number(uid), gid: Number(gid) } };
  }
  throw new Error('The servers cannot run as root, and there is neither a user "postgres" nor "nobody".');
}

function isShell(program: string | null): boolean {
  return program !== null && !/(nologin|false)$/.test(program);
}

export class Folder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<Folder> {
    const path = await mkdtemp(join(tmpdir(), "oneport-program-"));
    if (user.ids) await chown(path, user.ids.uid, user.ids.gid);
    return new Folder(path);
  }

  /** Writes a file that only the servers' user may read, and returns its path. */
  async write(name: string, contents: string): Promise<string> {
    const path = join(this.path, name);
    await writeFile(path, contents, { mode: 0o600 });
    if (user.ids) await chown(path, user.ids.uid, user.ids.gid);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
