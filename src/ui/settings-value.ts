/** `oneport.routes` of one place as a value: what is done where its text cannot be edited, and what an edit has to come to. */
import { isDeepStrictEqual } from "node:util";
import { type Disposable, workspace } from "vscode";
import { fail, ok, problemOf, type Result } from "../core/errors.ts";
import { isRecord } from "../core/record.ts";
import { type SettingsPlace, settingsPlaces } from "./route-places.ts";
import { notAnObject, notTaken } from "./write-problems.ts";

export type Routes = readonly (readonly [key: string, value: unknown])[];

/** In the order in which they are written. */
export function routesOf({ value = {} }: SettingsPlace): Result<Routes> {
  return isRecord(value) ? ok(Object.entries(value)) : fail(notAnObject());
}

/** `undefined` takes the route out; a new one comes last. */
export function withRoute(routes: Routes, key: string, value: unknown): Routes {
  if (value === undefined) return routes.filter(([each]) => each !== key);
  if (!routes.some(([each]) => each === key)) return [...routes, [key, value]];
  return routes.map((route) => (route[0] === key ? [key, value] : route));
}

export interface Part {
  readonly part: SettingsPlace;
  /** Its file is on the remote machine, and is none of the workspace. */
  readonly isRemote: boolean;
  readonly isWritten: boolean;
}

/**
 * The place with what the one file says that has this route, where the user's settings are two files. If both have routes, VS Code
 * itself writes only the remote one, which is where a new route goes.
 */
export function partWith(place: SettingsPlace, key: string): Part {
  if (!place.files) return { part: place, isRemote: false, isWritten: true };
  const { local, remote } = place.files;
  const isRemote = remote !== undefined && (has(remote, key) || !has(local, key));
  return {
    part: { ...place, value: isRemote ? remote : local },
    isRemote,
    isWritten: isRemote || remote === undefined,
  };
}

function has(value: unknown, key: string): boolean {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key);
}

/** VS Code writes the whole value anew, and makes the file where there is none. */
export async function updateRoutes(place: SettingsPlace, routes: Routes): Promise<Result<void>> {
  const configuration = workspace.getConfiguration("oneport", place.folder?.uri);
  try {
    await configuration.update("routes", Object.fromEntries(routes), place.target);
    return ok(undefined);
  } catch (error) {
    return fail(notTaken(problemOf(error).message));
  }
}

/** VS Code reads its files again when they change, which takes it a moment; more where the machine is far away. */
const longestMilliseconds = 5_000;

/** Does the place come to have these routes? */
export async function isInForce({ id }: SettingsPlace, routes: Routes): Promise<boolean> {
  const wanted = Object.fromEntries(routes);
  const isThere = () => {
    const { value = {} } = settingsPlaces().find((each) => each.id === id) ?? {};
    return isDeepStrictEqual(value, wanted);
  };
  if (isThere()) return true;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), longestMilliseconds);
  const watcher: Disposable = workspace.onDidChangeConfiguration(() => {
    if (isThere()) resolve(true);
  });
  return promise.finally(() => {
    clearTimeout(timer);
    watcher.dispose();
  });
}
