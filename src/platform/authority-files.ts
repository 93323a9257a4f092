/** The files of an authority: written into a folder beside its place, moved there whole, and read back with a check. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { renameSync } from "node:fs";
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
 * any process finds nothing there; false when one did, and put its own there. Throws a OneportError, with all as it was.
 */
export async function exchange(filled: string, place: string): Promise<boolean> {
  const old = `${filled}.old`;
  const hadOld = moved(place, old);
  try {
    renameSync(filled, place);
  } catch (error) {
    const code = systemCode(error);
    if (code !== "ENOTEMPTY" && code !== "EEXIST") {
      if (hadOld) renameSync(old, place);
      throw notWritable(place, error);
    }
    await rm(old, { recursive: true, force: true });
    return false;
  }
  await rm(old, { recursive: true, force: true });
  return true;
}

function moved(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return false;
    throw notWritable(from, error);
  }
}

/** The authority in a folder, and when it expires, in milliseconds since 1970. Throws when it is not whole. */
export async function readAuthority(folder: string) {
  const text = (name: (typeof authorityFiles)[number]) => readFile(join(folder, name), "utf8");
  const authority: Authority = {
    rootCertificate: await text("root.crt"),
    issuerCertificate: await text("issuer.crt"),
    issuerKey: await text("issuer.key"),
  };
  return { authority, expires: checkedExpiry(authority) };
}

/** When the first of the two certificates expires. Throws unless the three parts belong together. */
function checkedExpiry({ rootCertificate, issuerCertificate, issuerKey }: Authority): number {
  const root = new X509Certificate(rootCertificate);
  const issuer = new X509Certificate(issuerCertificate);
  if (!root.verify(root.publicKey)) throw new Error("root.crt is not signed by itself");
  if (!issuer.checkIssued(root) || !issuer.verify(root.publicKey)) {
    throw new Error("issuer.crt was not issued by root.crt");
  }
  if (!issuer.checkPrivateKey(createPrivateKey(issuerKey))) {
    throw new Error("issuer.key is not the key of issuer.crt");
  }
  return Math.min(Date.parse(root.validTo), Date.parse(issuer.validTo));
}
