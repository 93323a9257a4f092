/** A folder with a hosts file in it, and what else can be had on this machine to try one with. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type HostsEntry, renderHostsBlock } from "../../src/core/hosts-block.ts";
import { editHosts } from "../../src/core/hosts-edit.ts";

export const localhost = "127.0.0.1 localhost\n::1 localhost\n";
export const shop: readonly HostsEntry[] = [{ address: "127.0.0.1", name: "shop.test" }];
export const withShop = localhost + renderHostsBlock(shop);

export const applyShop = (file: Buffer) => editHosts(file, shop);
export const removeAll = (file: Buffer) => editHosts(file, []);

/** Somebody who is not root. */
export const nobody = 65_534;

export class HostsFolder {
  readonly folder: string;
  readonly file: string;

  constructor(t: TestContext, content: string | Buffer = localhost) {
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), "oneport-hosts-")));
    this.file = join(this.folder, "hosts");
    t.after(() => rmSync(this.folder, { recursive: true, force: true }));
    writeFileSync(this.file, content);
  }

  /** Lets other users in, to look. */
  open(): void {
    chmodSync(this.folder, 0o755);
  }

  get text(): string {
    return readFileSync(this.file, "utf8");
  }

  get names(): readonly string[] {
    return readdirSync(this.folder).sort();
  }
}

const moduleUrl = (path: string) => new URL(`../../src/${path}`, import.meta.url).href;

/** A program for `node --eval` that has the functions under test, `file` from its arguments, and its own `body`. */
export function program(body: string): readonly string[] {
  const source = `import { editHostsFile, readHostsFile } from ${JSON.stringify(moduleUrl("platform/hosts-file.ts"))};
import { editHosts } from ${JSON.stringify(moduleUrl("core/hosts-edit.ts"))};
import { appendFileSync } from "node:fs";
const [file] = process.argv.slice(1);
const shop = ${JSON.stringify(shop)};
const write = (result) => console.log(result.ok ? "done" : result.error.code);
${body}`;
  return ["--input-type=module", "--eval", source];
}

export const applyProgram = program("write(await editHostsFile(file, (bytes) => editHosts(bytes, shop)));");

/** Node's own trust stores do not matter here, and may be unreadable for others. */
export const environment = { PATH: process.env.PATH, NODE_NO_WARNINGS: "1" };

/** What applying to this file says in a process of that user. */
export function applyAs(uid: number, file: string): string {
  return execFileSync(process.execPath, [...applyProgram, file], {
    uid,
    gid: uid,
    env: environment,
    encoding: "utf8",
  }).trim();
}

const isRoot = process.getuid?.() === 0;

/** For `skip`: why no other user can be had; false when one can. */
export function noOtherUser(): string | false {
  if (!isRoot) return "only root can be another user";
  const options = { uid: nobody, gid: nobody, env: environment };
  const { status } = spawnSync(process.execPath, program("readHostsFile;"), options);
  return status === 0 ? false : "another user cannot read these sources";
}

/** For `skip`: why nothing can be mounted; false when it can. */
export function noMounts(): string | false {
  if (process.platform !== "linux") return "mount namespaces are Linux's";
  if (!isRoot) return "only root can mount";
  const { status } = spawnSync("unshare", [...privately, "mount", "-t", "tmpfs", "none", "/mnt"]);
  return status === 0 ? false : "this system lets root mount nothing";
}

const privately = ["--mount", "--propagation", "private"];

/** Runs a shell script, which may mount, where nobody else sees it. `$1` and so on are the arguments. */
export function inNamespace(script: string, ...list: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(
    "unshare",
    [...privately, "sh", "-c", `set -e\n${script}`, "sh", ...list],
    { env: environment, encoding: "utf8" },
  );
  return { status, output: stdout, errors: stderr };
}
