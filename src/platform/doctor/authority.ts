/** The authority on disk and the clock that its dates are held against. */
import { X509Certificate } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Authority } from "../../core/authority.ts";
import { type Finding, wrong } from "../../core/diagnosis.ts";
import { fail, ok, problemOf, type Result } from "../../core/errors.ts";
import { AuthorityFolder } from "../authority-folder.ts";
import { authorityFolderIn } from "../state.ts";
import type { DoctorContext } from "./context.ts";

const hour = 3_600_000;
/** An authority is to be trusted anew when it ends: that is worth knowing a while before. */
const soon = 60 * 24 * hour;

export async function checkAuthority(context: DoctorContext, now: Date): Promise<readonly Finding[]> {
  const { stateDirectory, certificates } = context;
  const folder = new AuthorityFolder(stateDirectory, () => now);
  const read = await readWith(folder);
  if (!read.ok) return [wrong("authority", read.error, "authority")];
  if (read.value === undefined) {
    if (certificates.mode === "selfSigned") return [];
    const message = "There is none yet; it is made with the first certificate.";
    const remedy = 'Run "oneport ca trust" to make it and have it trusted.';
    return [{ check: "authority", subject: "authority", state: "note", message, remedy }];
  }
  const root = new X509Certificate(read.value.rootCertificate);
  return [
    await checkDates(root, folder, now),
    ...(await checkKey(stateDirectory)),
    await checkClock(stateDirectory, now),
  ];
}

async function readWith(folder: AuthorityFolder): Promise<Result<Authority | undefined>> {
  return folder.read().then(ok, (error: unknown) => fail(problemOf(error)));
}

async function checkDates(root: X509Certificate, folder: AuthorityFolder, now: Date): Promise<Finding> {
  const about = { check: "authority", subject: "authority" } as const;
  const until = root.validTo;
  const names = (await folder.names()).join(", ");
  const message = `It is good until ${dayOf(Date.parse(until))}, for ${names}; its certificate is ${folder.rootFile}.`;
  if (Date.parse(until) - now.getTime() > soon) return { ...about, state: "ok", message };
  const remedy = 'Run "oneport clean" and then "oneport ca trust" for a new one.';
  return { ...about, state: "note", message, remedy };
}

/** Windows has no such modes. */
async function checkKey(stateDirectory: string): Promise<readonly Finding[]> {
  const key = join(authorityFolderIn(stateDirectory), "issuer.key");
  if (process.platform === "win32" || ((await stat(key)).mode & 0o077) === 0) return [];
  const message = `Other users can read its key, ${key}.`;
  const remedy = 'Run "oneport clean" and then "oneport ca trust": that key must not be trusted any longer.';
  return [{ check: "authority", subject: "authority", state: "wrong", message, remedy }];
}

/** What was written here lately cannot have been written in the future. */
async function checkClock(stateDirectory: string, now: Date): Promise<Finding> {
  const about = { check: "clock", subject: "clock" } as const;
  const written = await lastWrite(stateDirectory);
  const time = now.getTime();
  if (time >= written - hour) {
    return { ...about, state: "ok", message: "This machine's clock agrees with the authority's dates." };
  }
  const message = `This machine's clock says ${dayOf(time)}, but certificates were written here on ${dayOf(written)}.`;
  const remedy =
    "Set the clock, or have it set by the network (NTP). " +
    `If it is right and was ahead then, delete ${join(stateDirectory, "leaves")}, which is filled anew.`;
  return { ...about, state: "wrong", message, remedy };
}

/** Milliseconds since 1970. */
async function lastWrite(stateDirectory: string): Promise<number> {
  const folders = [authorityFolderIn(stateDirectory), join(stateDirectory, "leaves")];
  const files = await Promise.all(
    folders.map(async (folder) => {
      const names = await readdir(folder).catch(() => []);
      return names.map((name) => join(folder, name));
    }),
  );
  // A leaf may be renewed, and its old file gone, while we look.
  const times = files.flat().map((file) =>
    stat(file).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    ),
  );
  return Math.max(0, ...(await Promise.all(times)));
}

function dayOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10);
}
