/** The home of somebody who is not root, with a profile of Firefox and a database of Chromium's, and the command line run there. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chown, readdir } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { findProgram, run } from "../e2e/program.ts";
import { nobody } from "../platform/hosts-support.ts";
import type { TrustPlace } from "../platform/trust-place.ts";
import { cli } from "./oneport.ts";

const notHere = async () => {
  // Elsewhere these commands change the user's one and only keychain or store.
  if (process.platform !== "linux") return "only Linux keeps stores in a home that can be another";
  const system = await readdir("/usr/local/share/ca-certificates").catch(() => []);
  if (system.some((name) => name.startsWith("oneport-"))) return "this system trusts an authority already";
  return findProgram("certutil").then(
    () => false,
    (error: Error) => error.message,
  );
};
/** For tests that change stores: nothing of this machine is to be changed by them. */
export const onLinux = { skip: await notHere() };

interface Line {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** A home of somebody who is not root, with a Firefox profile and a database of Chromium's. */
export async function userHome(place: TrustPlace) {
  const profile = await place.folder(".mozilla", "firefox", "abcdefgh.my profile");
  const chromium = await place.folder(".pki", "nssdb");
  for (const folder of [profile, chromium]) {
    const list = ["-N", "-d", `sql:${folder}`, "--empty-password"];
    assert.equal((await run("certutil", list, place.environment)).status, 0);
  }
  const owner = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
  if (owner.uid !== undefined) {
    for (const path of await readdir(place.home, { recursive: true })) {
      await chown(join(place.home, path), owner.uid, owner.gid);
    }
    await chown(place.home, owner.uid, owner.gid);
  }
  const oneport = async (...words: readonly string[]) => {
    const child = spawn(process.execPath, [cli, ...words], {
      cwd: place.home,
      env: { ...place.environment, ONEPORT_STATE_DIR: join(place.home, "my state") },
      stdio: ["ignore", "pipe", "pipe"],
      ...owner,
    });
    const closed = once(child, "close");
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
    return { status: child.exitCode, output, errors };
  };
  const json = async (...words: readonly string[]) => {
    const { status, output, errors } = await oneport(...words, "--json");
    assert.equal(errors, "");
    const lines: Line[] = output
      .trimEnd()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
    const stores = lines.filter(({ type }) => type === "store");
    const elevated = stores.filter(({ needsElevation }) => needsElevation);
    return { status, lines, elevated, browsers: stores.filter(({ needsElevation }) => !needsElevation) };
  };
  return { oneport, json, profile, chromium };
}
