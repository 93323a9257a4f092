/** The files of an authority: written into a folder beside its place, moved there whole, and read back with a check. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { renameSync, statSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Authority } from "../core/authority.ts";
import { systemCode } from "../core/errors.ts";
import { notWritable, writePrivateFile } from "./state.ts";

/** The one key comes last: a folder that was cut short holds none. */
export const authorityFiles = ["root.crt", "issuer.crt", "issuer.key"] as const;

/** The names of folders that were on their way to the place of the authority, or from it. */
export const passingFolder = /^ca\.new-\w{6}(\.old)?$/;

/** A new folder beside `place` that holds the authority; the caller moves it or removes it. Throws a OneportError. */
export async function fillBeside(place: string, authority: Authority): Promise<string> {
  let folder: string;
  try {
    folder = await mkdtemp(`${place}.new-`);
  } catch (error) {
    throw notWritable(dirname(place), error);
  }
  const content = [authority.rootCertificate, authority.issuerCertificate, authority.issuerKey];
  try {
    for (const [index, name] of authorityFiles.entries()) {
      await writePrivateFile(join(folder, name), content[index] ?? "");
    }
    return folder;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/**
 * Moves a filled folder to `place`, and what was there away for good. One rename follows the other at once, so that hardly
 * any process finds nothing there. False, with nothing changed, when what was there is not the folder with this inode (nothing,
 * if undefined), or when another process put its own there in between. Throws a OneportError, with all as it was.
 */
export async function exchange(filled: string, place: string, inode: number | undefined): Promise<boolean> {
  const old = `${filled}.old`;
  const moved = movedAway(place, old);
  const isReplaced = moved === inode && put(filled, place, () => moved && renameSync(old, place));
  // Whoever put another one there meanwhile did so because ours was away: then theirs counts.
  if (moved !== undefined && moved !== inode) put(old, place, () => {});
  await rm(old, { recursive: true, force: true });
  return isReplaced;
}

/** The inode of what was there, undefined if nothing. */
function movedAway(from: string, to: string): number | undefined {
  try {
    renameSync(from, to);
    return statSync(to).ino;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw notWritable(from, error);
  }
}

/** False when something is there already; throws after `undo` when it cannot be moved there at all. */
function put(folder: string, place: string, undo: () => void): boolean {
  try {
    renameSync(folder, place);
    return true;
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOTEMPTY" || code === "EEXIST") return false;
    undo();
    throw notWritable(place, error);
  }
}

/** The authority in a folder, and its life. Throws when it is not whole. */
export async function readAuthority(folder: string) {
  const text = (name: (typeof authorityFiles)[number]) => readFile(join(folder, name), "utf8");
  const authority: Authority = {
    rootCertificate: await text("root.crt"),
    issuerCertificate: await text("issuer.crt"),
    issuerKey: await text("issuer.key"),
  };
  return { authority, ...checkedLife(authority) };
}

/** When both certificates are valid, in milliseconds since 1970. Throws unless the three parts belong together. */
function checkedLife({ rootCertificate, issuerCertificate, issuerKey }: Authority) {
  const root = new X509Certificate(rootCertificate);
  const issuer = new X509Certificate(issuerCertificate);
  if (!root.verify(root.publicKey)) throw new Error("root.crt is not signed by itself");
  if (!issuer.checkIssued(root) || !issuer.verify(root.publicKey)) {
    throw new Error("issuer.crt was not issued by root.crt");
  }
  if (!issuer.checkPrivateKey(createPrivateKey(issuerKey))) {
    throw new Error("issuer.key is not the key of issuer.crt");
  }
  return {
    begins: Math.max(Date.parse(root.validFrom), Date.parse(issuer.validFrom)),
    expires: Math.min(Date.parse(root.validTo), Date.parse(issuer.validTo)),
  };
}
