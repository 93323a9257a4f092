/** What the folders of a window are called, so that people can tell them apart. */

export interface NamedFolder {
  readonly name: string;
  /** Of its URI. */
  readonly path: string;
}

/** Its name; where another has the same, as much of the way to it follows as tells them apart. */
export function folderName(folder: NamedFolder, all: readonly NamedFolder[]): string {
  const rivals = all.filter(({ name, path }) => name === folder.name && path !== folder.path);
  if (rivals.length === 0) return folder.name;
  const parents = parentsOf(folder);
  const ways = parents.map((_, index) => parents.slice(-1 - index).join("/"));
  const isOwn = (way: string) =>
    !rivals.some((rival) => `/${parentsOf(rival).join("/")}`.endsWith(`/${way}`));
  return `${folder.name} (${ways.find(isOwn) || "/"})`;
}

function parentsOf({ path }: NamedFolder): string[] {
  return path.split("/").slice(0, -1);
}
