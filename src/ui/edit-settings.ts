/** Routes written into the settings: as an edit of the file's text, so that comments and order stay, and undo works. */
import type { Uri } from "vscode";
import { renameProperty, writeProperty } from "../core/edit-json.ts";
import { fail, ok, type Result } from "../core/errors.ts";
import { parseSettingsText } from "../platform/settings-file.ts";
import { type SettingsPlace, settingsPlaces } from "./route-places.ts";
import { fileOf, openText, replaceText, type SettingsFile } from "./settings-editor.ts";
import { isInForce, partWith, type Routes, routesOf, updateRoutes, withRoute } from "./settings-value.ts";
import { notInForce, outOfReach, placeGone } from "./write-problems.ts";

/** Fail with what stands in the way, such as a file that is no JSON or that cannot be saved. */
export interface RouteEdits {
  /** `undefined` takes the route out. */
  writeRoute(place: SettingsPlace, key: string, value: unknown): Promise<Result<Written>>;
  /** The route keeps its place among the others. */
  renameRoute(place: SettingsPlace, key: string, newKey: string, value: unknown): Promise<Result<Written>>;
}

export interface Written {
  /** Puts the text back as it was, with its comments; false where it is no longer what was written, and stays so. */
  takeBack(): Promise<Result<boolean>>;
}

/** One change, of a file's text and of the value that it stands for. */
interface Change {
  /** Of the route, as it is written before. */
  readonly key: string;
  /** `path` is that of `oneport.routes`. Undefined when the text has no object to write into. */
  readonly ofText: (text: string, path: readonly string[]) => string | undefined;
  readonly ofRoutes: (routes: Routes) => Routes;
}

/** `storage` is the extension's own global folder: the user's settings lie near it. */
export function routeEdits(storage: Uri): RouteEdits {
  /** One after another: each must find what the one before has written. */
  let earlier: Promise<unknown> = Promise.resolve();
  const next = <T>(act: () => Promise<T>): Promise<T> => {
    const made = earlier.then(act);
    // Whoever asked for it hears of it.
    earlier = made.catch(() => undefined);
    return made;
  };
  const make = async (place: SettingsPlace, change: Change): Promise<Result<Written>> => {
    const made = await next(() => edit(place, change, storage));
    return made.ok ? ok({ takeBack: () => next(made.value.takeBack) }) : made;
  };
  return {
    writeRoute: (place, key, value) =>
      make(place, {
        key,
        ofText: (text, path) => writeProperty(text, [...path, key], value) ?? begin(text, path, key, value),
        ofRoutes: (routes) => withRoute(routes, key, value),
      }),
    renameRoute: (place, key, newKey, value) =>
      make(place, {
        key,
        ofText(text, path) {
          const renamed = renameProperty(text, [...path, key], newKey);
          return renamed && writeProperty(renamed, [...path, newKey], value);
        },
        ofRoutes(routes) {
          const renamed = routes.map(([each, written]) => [each === key ? newKey : each, written] as const);
          return withRoute(renamed, newKey, value);
        },
      }),
  };
}

/** The first route of a file. */
function begin(text: string, path: readonly string[], key: string, value: unknown): string | undefined {
  const empty = writeProperty(text, path, value === undefined ? undefined : {});
  return empty && writeProperty(empty, [...path, key], value);
}

/** By the text where there is one that VS Code lets us at, else by VS Code, which makes files but loses comments. */
async function edit({ id }: SettingsPlace, change: Change, storage: Uri): Promise<Result<Written>> {
  const place = settingsPlaces().find((each) => each.id === id);
  if (!place) return fail(placeGone());
  const before = routesOf(place);
  if (!before.ok) return before;
  const wanted = change.ofRoutes(before.value);
  const { part, isWritten } = partWith(place, change.key);
  const file = await fileOf(part, storage);
  const edited = file && (await editFile(file, change));
  if (edited && !edited.ok) return edited;
  if (edited) {
    // VS Code reads the file a moment after it was saved, and whoever asks next is to find what was written.
    const isTaken = await isInForce(place, wanted);
    if (file.isCertain || isTaken) return ok(backInForce(edited.value, place, before.value));
    await edited.value.takeBack();
  }
  if (!isWritten) return fail(outOfReach(change.key));
  const updated = await updateValue(part, change);
  if (!updated.ok) return updated;
  return (await isInForce(place, wanted)) ? ok(asValue) : fail(notInForce(change.key));
}

/** The same, which waits as well until VS Code has read the routes of before again. */
function backInForce({ takeBack }: Written, place: SettingsPlace, routes: Routes): Written {
  return {
    async takeBack() {
      const taken = await takeBack();
      if (taken.ok && taken.value) await isInForce(place, routes);
      return taken;
    },
  };
}

/** What VS Code has written itself: the text before is not known. */
const asValue: Written = { takeBack: async () => ok(false) };

async function updateValue(place: SettingsPlace, { ofRoutes }: Change): Promise<Result<void>> {
  const routes = routesOf(place);
  return routes.ok ? updateRoutes(place, ofRoutes(routes.value)) : routes;
}

/** Undefined when the text has no object to write into. */
async function editFile(file: SettingsFile, change: Change): Promise<Result<Written> | undefined> {
  const opened = await openText(file.uri);
  if (!opened.ok) return opened;
  const document = opened.value;
  const before = document.getText();
  const read = parseSettingsText(before, file.name);
  if (!read.ok) return read;
  const after = change.ofText(before, file.path);
  if (after === undefined) return undefined;
  const written = await replaceText(document, after);
  return written.ok ? ok({ takeBack: () => takeBack(file.uri, after, before) }) : written;
}

/** The document is opened anew: VS Code closes one that nobody shows. */
async function takeBack(uri: Uri, after: string, before: string): Promise<Result<boolean>> {
  const opened = await openText(uri);
  if (!opened.ok) return opened;
  const document = opened.value;
  if (document.getText() !== after) return ok(false);
  const written = await replaceText(document, before);
  return written.ok ? ok(true) : written;
}
