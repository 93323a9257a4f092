/** Where Firefox and the Chromium family keep their certificates on Linux: in the home folder, in snaps and in Flatpaks. */
import { readdir, readFile, realpath } from "node:fs/promises";
import { basename, isAbsolute, join } from "node:path";
import { exists } from "./exists.ts";
import type { Machine } from "./machine.ts";
import type { NssDatabase } from "./nss.ts";

const chromiumPrograms = [
  "chromium",
  "chromium-browser",
  "google-chrome",
  "google-chrome-stable",
  "brave-browser",
  "microsoft-edge",
  "microsoft-edge-stable",
];

/**
 * NSS takes `~/.pki/nssdb` if it is there, else the one in the XDG data folder. Older Chromiums know only the first, so that
 * is where one is to be made for a browser that never ran.
 */
export async function chromiumDatabases(machine: Machine): Promise<readonly NssDatabase[]> {
  const { home, environment } = machine;
  const dataHome = absolute(environment.XDG_DATA_HOME) ?? join(home, ".local", "share");
  const usual = join(home, ".pki", "nssdb");
  const shared = await existing([
    usual,
    join(dataHome, "pki", "nssdb"),
    join(home, ".local", "share", "pki", "nssdb"),
  ]);
  const ownPlaces = shared.length > 0 || !(await hasChromium(machine)) ? shared : [usual];
  return [
    ...ownPlaces.map((folder) => database("chromium", "Chromium, Chrome", folder)),
    ...(await packaged(join(home, "snap"), "snap", ["current/.pki", "current/.local/share/pki"])),
    ...(await packaged(join(home, ".var", "app"), "Flatpak", [".pki", "data/pki"])),
  ];
}

/** Every profile that Firefox has been started with: those in `profiles.ini`, and those found beside it. */
export async function firefoxDatabases({ home, environment }: Machine): Promise<readonly NssDatabase[]> {
  const configHome = absolute(environment.XDG_CONFIG_HOME) ?? join(home, ".config");
  const snap = join(home, "snap", "firefox", "common");
  const flatpak = join(home, ".var", "app", "org.mozilla.firefox");
  const bases = await existing([
    join(home, ".mozilla", "firefox"),
    join(configHome, "mozilla", "firefox"),
    join(home, ".config", "mozilla", "firefox"),
    join(snap, ".mozilla", "firefox"),
    join(snap, ".config", "mozilla", "firefox"),
    join(flatpak, ".mozilla", "firefox"),
    join(flatpak, "config", "mozilla", "firefox"),
  ]);
  const profiles = (await Promise.all(bases.map(profilesIn))).flat();
  const names = new Map<string, string>();
  for (const { folder, name } of profiles) {
    const isUsed = await exists(join(folder, "cert9.db"));
    const path = isUsed ? await realpath(folder) : undefined;
    if (path !== undefined && !names.has(path)) names.set(path, name);
  }
  return [...names].map(([folder, name]) => database("firefox", `Firefox (${name})`, folder));
}

interface Profile {
  readonly folder: string;
  readonly name: string;
}

async function profilesIn(base: string): Promise<readonly Profile[]> {
  const ini = await readFile(join(base, "profiles.ini"), "utf8").catch(() => "");
  const found = (await foldersIn(base)).map((folder) => {
    // Firefox puts eight random characters before the name.
    return { folder: join(base, folder), name: folder.replace(/^\w{8}\./, "") };
  });
  return [...parseProfiles(ini, base), ...found];
}

/** A section for each profile; its path is relative to the file's folder unless it says otherwise. */
function parseProfiles(ini: string, base: string): Profile[] {
  return ini.split(/^\[/m).flatMap((section) => {
    if (!section.startsWith("Profile")) return [];
    const value = (key: string) => new RegExp(`^${key}=(.*?)\\r?$`, "m").exec(section)?.[1];
    const path = value("Path");
    if (!path) return [];
    const folder = value("IsRelative") === "0" ? path : join(base, path);
    return [{ folder, name: value("Name") || basename(path) }];
  });
}

/** The databases of packaged programs that are built on Chromium: `places` below the folder of each. */
async function packaged(base: string, kind: string, places: readonly string[]): Promise<NssDatabase[]> {
  const databases = (await foldersIn(base)).map(async (app) => {
    const folders = await existing(places.map((place) => join(base, app, ...place.split("/"), "nssdb")));
    return folders.map((folder) => database("chromium", `${app} (${kind})`, folder));
  });
  return (await Promise.all(databases)).flat();
}

function database(kind: string, name: string, folder: string): NssDatabase {
  return { id: `${kind}:${folder}`, name, folder };
}

async function hasChromium({ runner }: Machine): Promise<boolean> {
  const found = await Promise.all(chromiumPrograms.map(runner.find));
  return found.some((path) => path !== undefined);
}

/** Those that are there, each once. */
async function existing(paths: readonly string[]): Promise<string[]> {
  const unique = [...new Set(paths)];
  const there = await Promise.all(unique.map(exists));
  return unique.filter((_, index) => there[index]);
}

/** None where there is no folder, or one that is closed to the user: it is closed to the user's browser too. */
async function foldersIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink()).map(({ name }) => name);
}

function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}
