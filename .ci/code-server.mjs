// Installs code-server, a VS Code that a browser shows, for the tests and for "npm run vscode". Says nothing when it is
// there. Like setup.mjs it uses nothing but Node; it needs no root, but a C++ compiler, make and python3.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runNpm } from "./npm.mjs";

const version = "4.139.1";
const root = fileURLToPath(new URL("..", import.meta.url));
const cache = join(root, ".cache");
const folder = join(cache, "code-server");
const unfinished = "code-server.unfinished-";
const code = join("node_modules", "code-server", "lib", "vscode");
const programs = join(root, "node_modules", ".bin");

/** For its AI and its remote agents: half of the whole. Nothing imports them before they are used. */
const unneededModules = [
  "@github/copilot-sdk",
  "@microsoft/mxc-sdk",
  "@devcontainers/cli",
  "kerberos",
  "ssh2",
];
const unneededExtensions = ["copilot", "mermaid-markdown-features"];

const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];

/**
 * Its own install script would compile modules that nobody needs here. The one that is compiled writes logs: without it no
 * log channel shows a line.
 */
const steps = [
  { in: ".", args: ["install", `code-server@${version}`, "--ignore-scripts", "--omit=dev", ...quiet] },
  { in: code, args: ["install", "--ignore-scripts", "--omit=dev", ...quiet], without: unneededModules },
  { in: code, args: ["rebuild", "@vscode/spdlog", "--loglevel=error"] },
];

/** What the last step makes; npm has been seen to succeed without it. */
const proof = join(code, "node_modules", "@vscode", "spdlog", "build", "Release", "spdlog.node");

const recipe = createHash("sha256")
  .update(JSON.stringify([steps, unneededExtensions]))
  .digest("hex");
const wanted = `${version} ${recipe}\n`;
removeUnfinished();
if (!isInstalled()) install();

function isInstalled() {
  const mark = join(folder, "installed");
  return existsSync(join(folder, proof)) && existsSync(mark) && readFileSync(mark, "utf8") === wanted;
}

/** Beside its place, and moved there when it is whole: so it may be interrupted, and two may do it at once. */
function install() {
  console.log(`setup: installing code-server ${version} (a minute or two, 300 MB)`);
  const building = join(cache, `${unfinished}${process.pid}`);
  mkdirSync(building, { recursive: true });
  writeFileSync(join(building, "package.json"), '{ "private": true }\n');
  const failure = buildIn(building);
  if (failure !== undefined) {
    rmSync(building, { recursive: true, force: true });
    console.error(`setup: code-server was not installed: ${failure}; tests in VS Code will fail.`);
    console.error(
      "setup: It needs a C++ compiler, make and python3. Run npm run setup -- --test to try again.",
    );
    process.exit(1);
  }
  for (const name of unneededExtensions) {
    rmSync(join(building, code, "extensions", name), { recursive: true, force: true });
  }
  writeFileSync(join(building, "installed"), wanted);
  if (isInstalled()) return rmSync(building, { recursive: true });
  rmSync(folder, { recursive: true, force: true });
  renameSync(building, folder);
}

/** What went wrong, if something did. */
function buildIn(building) {
  for (const { in: place, args, without = [] } of steps) {
    leaveOut(without, join(building, place, "package.json"));
    const status = runNpm(args, {
      cwd: join(building, place),
      node: join(programs, "node"),
      // JOBS is how many compilers run at once.
      env: { ...process.env, JOBS: "max", PATH: `${programs}${delimiter}${process.env.PATH ?? ""}` },
    });
    if (status !== 0) return `npm ${args[0]} ended with ${status}`;
  }
  return existsSync(join(building, proof)) ? undefined : "npm left its log writer out";
}

/** What is left of installs that were interrupted; a process id says whose each is. */
function removeUnfinished() {
  if (!existsSync(cache)) return;
  for (const name of readdirSync(cache).filter((each) => each.startsWith(unfinished))) {
    if (!isRunning(Number(name.slice(unfinished.length)))) {
      rmSync(join(cache, name), { recursive: true, force: true, maxRetries: 5 });
    }
  }
}

function isRunning(processId) {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function leaveOut(modules, file) {
  if (modules.length === 0) return;
  const manifest = JSON.parse(readFileSync(file, "utf8"));
  for (const name of modules) delete manifest.dependencies[name];
  writeFileSync(file, JSON.stringify(manifest, undefined, 2));
}
