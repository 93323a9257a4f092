/** Debian's trust store as only the programs started in here change and see it: in a mount namespace of their own. */
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { run } from "../e2e/program.ts";
import { systemPath } from "./trust-place.ts";

/** Whatever `update-ca-certificates` and the Java hook that it runs may write to. */
const places = [
  "/usr/local/share/ca-certificates",
  "/etc/ssl/certs",
  "/var/lib/dpkg",
  "/var/lib/ca-certificates-java",
  "/var/log",
];

/**
 * Has all writing to these places go to memory instead, says so, and stays until its input ends. Of the system's own
 * certificates only a few are left: all of them take seconds at each update.
 */
const script = `set -e
folder=$1; shift
mount -t tmpfs oneport "$folder"
for place; do
  [ -d "$place" ] || continue
  mkdir -p "$folder/upper$place" "$folder/work$place"
  mount -t overlay -o "lowerdir=$place,upperdir=$folder/upper$place,workdir=$folder/work$place" overlay "$place"
done
grep ^mozilla/ /etc/ca-certificates.conf | head -3 >"$folder/conf"
mount --bind "$folder/conf" /etc/ca-certificates.conf
echo ready
exec cat`;

export class MountNamespace implements AsyncDisposable {
  readonly #folder: string;
  readonly #holder: ChildProcessWithoutNullStreams;

  private constructor(folder: string, holder: ChildProcessWithoutNullStreams) {
    this.#folder = folder;
    this.#holder = holder;
  }

  /** Why there can be none here; undefined when there can. */
  static async obstacle(): Promise<string | undefined> {
    if (process.platform !== "linux") return "mount namespaces are Linux's";
    if (process.getuid?.() !== 0) return "only root may make a mount namespace";
    const hasStore = access("/usr/sbin/update-ca-certificates").then(
      () => true,
      () => false,
    );
    if (!(await hasStore)) return "this system has no update-ca-certificates";
    return MountNamespace.enter().then(
      (namespace) => namespace[Symbol.asyncDispose]().then(() => undefined),
      (error: Error) => error.message,
    );
  }

  static async enter(): Promise<MountNamespace> {
    const folder = await mkdtemp(join(tmpdir(), "oneport-namespace-"));
    const list = ["--mount", "--propagation", "private", "sh", "-c", script, "sh", folder, ...places];
    const holder = spawn("unshare", list, { env: { PATH: systemPath } });
    const namespace = new MountNamespace(folder, holder);
    const errors = text(holder.stderr);
    const answer = await Promise.race([once(holder.stdout, "data"), once(holder, "exit")]);
    if (String(answer[0]) === "ready\n") return namespace;
    await rm(folder, { recursive: true });
    throw new Error(`No mount namespace could be made: ${await errors}`);
  }

  /** Runs a program in it, to its end. */
  async run(program: string, list: readonly string[], environment: NodeJS.ProcessEnv) {
    assert.ok(this.#holder.pid);
    const inside = [`--mount=/proc/${this.#holder.pid}/ns/mnt`, "--", program, ...list];
    return run("nsenter", inside, environment);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#holder, "exit");
    this.#holder.stdin.end();
    await exited;
    await rm(this.#folder, { recursive: true });
  }
}
