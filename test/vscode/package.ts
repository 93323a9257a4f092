/** The extension as people install it: a .vsix, packaged once for all the tests of a build. */
import { createHash } from "node:crypto";
import { access, cp, glob, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { begin } from "../e2e/program.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const cache = join(root, ".cache", "vsix");

/** Packages of builds that are gone are kept this long, for tests that still install them. */
const keptMilliseconds = 3_600_000;

/**
 * The path of a .vsix of `dist/` as it is now. Test files run at the same time, so it is made elsewhere and then moved to its
 * place: whoever comes second finds the same, or replaces it by the same.
 */
export async function packagedExtension(): Promise<string> {
  const files = await filesOfPackage();
  const vsix = join(cache, `${await digestOf(files)}.vsix`);
  const isThere = await access(vsix).then(
    () => true,
    () => false,
  );
  if (isThere) return vsix;
  await mkdir(cache, { recursive: true });
  await removeOldPackages();
  const folder = await mkdtemp(join(tmpdir(), "oneport-vsix-"));
  try {
    for (const file of files) await cp(join(root, file), join(folder, file));
    await removeScripts(join(folder, "package.json"));
    const made = join(cache, `${basename(folder)}.part`);
    await packageFolder(folder, made);
    await rename(made, vsix);
  } finally {
    await rm(folder, { recursive: true });
  }
  return vsix;
}

/** `.vscodeignore` shuts everything out, and lets in what begins with "!". */
async function filesOfPackage(): Promise<string[]> {
  const lines = (await readFile(join(root, ".vscodeignore"), "utf8")).split("\n");
  const patterns = lines.filter((line) => line.startsWith("!")).map((line) => line.slice(1).trim());
  const files = [".vscodeignore"];
  for await (const file of glob(patterns, { cwd: root })) {
    if ((await stat(join(root, file))).isFile()) files.push(file);
  }
  return files.sort();
}

async function digestOf(files: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const file of files) hash.update(file).update(await readFile(join(root, file)));
  return hash.digest("hex").slice(0, 16);
}

async function removeOldPackages(): Promise<void> {
  for await (const file of glob(join(cache, "*"))) {
    // Another process may be removing them too.
    const made = await stat(file).catch(() => undefined);
    if (made && Date.now() - made.mtimeMs > keptMilliseconds) await rm(file, { force: true });
  }
}

/** One of them would build, and so rewrite the `dist/` that other tests are running. */
async function removeScripts(file: string): Promise<void> {
  const manifest: object = JSON.parse(await readFile(file, "utf8"));
  await writeFile(file, JSON.stringify({ ...manifest, scripts: undefined }));
}

/** Packages the extension in a folder, as it is. */
export async function packageFolder(folder: string, vsix: string): Promise<void> {
  const vsce = join(root, "node_modules", "@vscode", "vsce", "vsce");
  const options = ["--no-dependencies", "--allow-missing-repository", "--no-rewrite-relative-links"];
  await using child = await begin(
    process.execPath,
    [vsce, "package", ...options, "--out", vsix],
    process.env,
    folder,
  );
  child.stdin.end();
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if ((await child.ended) !== 0) throw new Error(`The extension could not be packaged:\n${output}${errors}`);
}
