/** Which files in the state directory are Oneport's own, and their removal: nothing else is touched, and no link is followed. */
import { X509Certificate } from "node:crypto";
import { lstat, readdir, readFile, rmdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { systemCode } from "../../core/errors.ts";
import { readRoot } from "../../core/trust.ts";
import { passingFolder } from "../authority-files.ts";

/** Where a write was cut short, its temporary file is left beside. */
const temporary = String.raw`(\.[\da-f-]{36}\.tmp)?`;

const authorityNames = new RegExp(`^(root\\.crt|issuer\\.crt|issuer\\.key)${temporary}$`);
const leafNames = new RegExp(`^[\\da-f]{32}\\.pem${temporary}$`);
const terminalNames = new RegExp(`^terminal-ca\\.pem${temporary}$`);
const socketNames = /^\d{1,5}\.sock$/;
const rootNames = new RegExp(`^oneport-[\\da-f]{16}\\.crt${temporary}$`);

interface OwnFolder {
  readonly folder: string;
  /** Names of ours that are there. */
  readonly files: readonly string[];
}

/** The authority and the leaves: all that holds a key. */
export async function findKeyFolders(stateDirectory: string): Promise<readonly OwnFolder[]> {
  const names = (await listFolder(stateDirectory)) ?? [];
  const authorities = names.filter((name) => name === "ca" || passingFolder.test(name));
  const found: OwnFolder[] = [];
  for (const name of authorities) {
    const folder = join(stateDirectory, name);
    if (!(await isSomebodyElses(folder))) found.push(...(await ownIn(folder, authorityNames)));
  }
  return [...found, ...(await ownIn(join(stateDirectory, "leaves"), leafNames))];
}

/** The copies of roots that a trust store may have, the control sockets, and the certificates for terminals. */
export async function findRecords(
  stateDirectory: string,
  controlFolder: string | undefined,
): Promise<readonly OwnFolder[]> {
  const sockets = controlFolder === undefined ? [] : await ownIn(controlFolder, socketNames);
  const roots = await ownIn(join(stateDirectory, "trusted"), rootNames);
  return [...roots, ...sockets, ...(await ownIn(stateDirectory, terminalNames))];
}

/** Removes the files, and the folders that are empty then. Rejects with the system's error at the first that cannot go. */
export async function removeOwn(folders: readonly OwnFolder[]): Promise<void> {
  for (const { folder, files } of folders) {
    for (const name of files) await unlink(join(folder, name)).catch(unlessMissing);
    await removeIfEmpty(folder);
  }
}

export async function removeIfEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch((error: unknown) => {
    const code = systemCode(error);
    if (code !== "ENOTEMPTY" && code !== "EEXIST" && code !== "ENOTDIR") unlessMissing(error);
  });
}

/** None for a folder without files of ours, unless it is empty: then it has been ours. */
async function ownIn(folder: string, names: RegExp): Promise<readonly OwnFolder[]> {
  const present = await listFolder(folder);
  if (!present) return [];
  const files: string[] = [];
  for (const name of present.filter((each) => names.test(each))) {
    const stats = await lstat(join(folder, name));
    if (stats.isFile() || stats.isSocket()) files.push(name);
  }
  return files.length > 0 || present.length === 0 ? [{ folder, files }] : [];
}

/** Undefined where there is no folder, or a link in its place. */
async function listFolder(folder: string): Promise<readonly string[] | undefined> {
  const stats = await lstat(folder).catch(unlessMissing);
  return stats?.isDirectory() ? await readdir(folder) : undefined;
}

/** An authority of another program in a folder of that name. What is damaged beyond reading is taken for ours. */
async function isSomebodyElses(folder: string): Promise<boolean> {
  const pem = await readFile(join(folder, "root.crt"), "utf8").catch(() => "");
  try {
    new X509Certificate(pem);
    return readRoot(pem) === undefined;
  } catch {
    return false;
  }
}

function unlessMissing(error: unknown): undefined {
  const code = systemCode(error);
  if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
}
