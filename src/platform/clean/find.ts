/** Everything that Oneport put on this machine, in the order in which it is to be taken back. */
import { problemOf } from "../../core/errors.ts";
import { notWritable } from "../state.ts";
import { rememberRoot, todaysRoot } from "../trusted-roots.ts";
import { findHostsBlock } from "./hosts.ts";
import type { CleanContext, Leftover, Removal } from "./leftover.ts";
import { findKeyFolders, findRecords, removeIfEmpty, removeOwn } from "./own-files.ts";
import { findPortSetting } from "./port.ts";
import { findTrust, isTrustedSomewhere } from "./stores.ts";

/**
 * Removing them one after another leaves no root trusted whose key still lies around: the keys go before the trust does. The copies
 * of the roots, by which stores are searched, go last, and stay while a store may still have one. No mux may run meanwhile: it
 * would make the authority again.
 */
export async function findLeftovers(context: CleanContext): Promise<readonly Leftover[]> {
  const { stateDirectory, controlFolder } = context;
  const keys = (await findKeyFolders(stateDirectory)).length > 0;
  const records = (await findRecords(stateDirectory, controlFolder)).length > 0;
  const own: Leftover = {
    what: "Oneport's own records",
    place: stateDirectory,
    remove: () => removeRecords(context),
  };
  return [
    ...(await findHostsBlock(context)),
    ...(keys ? [keysIn(context)] : []),
    ...(await findTrust(context)),
    ...(await findPortSetting(context)),
    ...(keys || records ? [own] : []),
  ];
}

function keysIn(context: CleanContext): Leftover {
  const { stateDirectory } = context;
  const remove = async (): Promise<Removal> => {
    try {
      // What is remembered is looked for in the stores, also by a later run.
      const today = await todaysRoot(stateDirectory);
      if (today && (await isTrustedSomewhere(context))) await rememberRoot(stateDirectory, today.file);
      await removeOwn(await findKeyFolders(stateDirectory));
      return { how: "removed" };
    } catch (error) {
      return { how: "failed", problem: problemOf(notWritable(stateDirectory, error)) };
    }
  };
  return { what: "The authority and the certificates, with their keys", place: stateDirectory, remove };
}

async function removeRecords(context: CleanContext): Promise<Removal> {
  const { stateDirectory, controlFolder } = context;
  try {
    if (await isTrustedSomewhere(context)) return { how: "failed", problem: stillTrusted };
    await removeOwn(await findRecords(stateDirectory, controlFolder));
    await removeIfEmpty(stateDirectory);
    return { how: "removed" };
  } catch (error) {
    return { how: "failed", problem: problemOf(notWritable(stateDirectory, error)) };
  }
}

const stillTrusted = {
  code: "still-trusted",
  message:
    "They are kept, since a trust store may still have the authority: by them Oneport finds that again.",
  remedy: "Take the authority out there, then clean again.",
};
