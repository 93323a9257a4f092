/** The roots that were ever put into a trust store, kept in the state directory until they are out of all of them. */
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { OneportError, systemCode } from "../core/errors.ts";
import { fileNameOf, includesRoot, readRoot, type StoredRoot } from "../core/trust.ts";
import { makePrivateFolder, rootFileIn, writePrivateFile } from "./state.ts";

/**
 * The root in a PEM file, with a copy of its own that stays when the authority is replaced: on systems that keep no name
 * with a certificate it is the only proof that one there is ours. Throws a OneportError when the file holds no root of ours.
 */
export async function rememberRoot(stateDirectory: string, file: string): Promise<StoredRoot> {
  const pem = await readFile(file, "utf8");
  const root = readRoot(pem);
  if (!root) {
    throw new OneportError({
      code: "root-not-ours",
      message: `${file} does not hold the certificate of an authority that Oneport made.`,
      remedy: `Delete its folder and run the command again, which makes a new authority.`,
    });
  }
  const folder = folderIn(stateDirectory);
  const copy = join(folder, fileNameOf(root));
  await makePrivateFolder(folder);
  await writePrivateFile(copy, pem);
  return { ...root, file: copy };
}

/** Those remembered and today's, if there is one. Other files in the folder are passed over. */
export async function knownRoots(stateDirectory: string): Promise<readonly StoredRoot[]> {
  const remembered = await rememberedRoots(stateDirectory);
  const today = await todaysRoot(stateDirectory);
  return today && !includesRoot(remembered, today) ? [...remembered, today] : remembered;
}

/** The root of the authority, if there is one. */
export function todaysRoot(stateDirectory: string): Promise<StoredRoot | undefined> {
  return readStoredRoot(rootFileIn(stateDirectory));
}

/** To be called when no store has any of them left. */
export async function forgetRoots(stateDirectory: string): Promise<void> {
  const roots = await rememberedRoots(stateDirectory);
  await Promise.all(roots.map(({ file }) => rm(file, { force: true })));
}

/** Those that a trust store may still have. */
export async function rememberedRoots(stateDirectory: string): Promise<readonly StoredRoot[]> {
  const folder = folderIn(stateDirectory);
  const names = await readdir(folder).catch(nothingIfMissing);
  const roots = await Promise.all((names ?? []).map((name) => readStoredRoot(join(folder, name))));
  return roots.filter((root) => root !== undefined).filter((root) => root.file.endsWith(fileNameOf(root)));
}

async function readStoredRoot(file: string): Promise<StoredRoot | undefined> {
  const pem = await readFile(file, "utf8").catch(nothingIfMissing);
  const root = pem === undefined ? undefined : readRoot(pem);
  return root && { ...root, file };
}

function nothingIfMissing(error: unknown): undefined {
  const code = systemCode(error);
  if (code !== "ENOENT" && code !== "ENOTDIR" && code !== "EISDIR") throw error;
}

function folderIn(stateDirectory: string): string {
  return join(stateDirectory, "trusted");
}
