// Makes a fresh clone ready: installs node_modules when they do not match package-lock.json and, with --test, looks for
// the programs that the tests run. Says nothing when all is well. It runs before anything is installed, on whatever Node
// there is (18 or newer), so it uses nothing but Node.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const windows = process.platform === "win32";

/** Each program and the Debian package it comes in. */
const testPrograms = new Map([
  ["curl", "curl"],
  ["openssl", "openssl"],
  ["chromium", "chromium"],
  ["certutil", "libnss3-tools"],
  ["python3", "python3"],
]);

const apt = "apt-get";

installModules();
if (process.argv.includes("--test")) findTestPrograms();

/** What was installed is remembered by the hash of its lock file: npm itself would take a second to compare. */
function installModules() {
  const mark = join(root, "node_modules", ".oneport-lock");
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  const installed = existsSync(mark) ? readFileSync(mark, "utf8").trim() : undefined;
  if (installed === lock) return;
  const why = installed
    ? "node_modules are not those of package-lock.json"
    : "node_modules are not installed";
  console.log(`setup: ${why}; running npm ci`);
  const status = runNpm(["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
  if (status !== 0) {
    console.error(
      `setup: npm ci failed (status ${status}). Run "npm ci" by hand to see why, then try again.`,
    );
    process.exit(1);
  }
  writeFileSync(mark, `${lock}\n`);
}

/** The npm that runs us, if one does; its standard output is not ours to show. */
function runNpm(args) {
  const npm = process.env.npm_execpath;
  const options = { cwd: root, stdio: ["ignore", "ignore", "inherit"] };
  const run = npm?.endsWith("npm-cli.js")
    ? spawnSync(process.execPath, [npm, ...args], options)
    : spawnSync("npm", args, { ...options, shell: windows });
  return run.status ?? run.error?.message ?? run.signal;
}

/** A missing program does not stop the tests: those that need it fail by their own names. */
function findTestPrograms() {
  const missing = missingPrograms();
  if (missing.length === 0) return;
  if (hasProgram(apt) && process.getuid?.() === 0) {
    console.log(`setup: installing ${missing.join(", ")}`);
    aptInstall(missing.map((program) => testPrograms.get(program)));
  }
  const still = missingPrograms();
  if (still.length === 0) return;
  console.error(
    `setup: ${still.join(", ")} not found; tests that need ${still.length > 1 ? "them" : "it"} will fail.`,
  );
  console.error(`setup: ${installHint(still)}`);
}

function missingPrograms() {
  return [...testPrograms.keys()].filter((program) => !hasProgram(program));
}

function hasProgram(program) {
  const endings = windows ? (process.env.PATHEXT ?? ".EXE;.CMD").split(";") : [""];
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.some((folder) => endings.some((ending) => isExecutable(join(folder, program + ending))));
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function aptInstall(packages) {
  const options = {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  };
  spawnSync(apt, ["update", "-qq"], options);
  spawnSync(apt, ["install", "-y", "-qq", "--no-install-recommends", ...packages], options);
}

function installHint(programs) {
  const debian = programs.map((program) => testPrograms.get(program)).join(" ");
  if (hasProgram(apt)) return `Install with: sudo apt-get install -y --no-install-recommends ${debian}`;
  if (process.platform === "darwin") {
    const brew = new Map([["certutil", "nss"]]);
    return `Install with: brew install ${programs.map((program) => brew.get(program) ?? program).join(" ")}`;
  }
  return `Install them with your package manager (on Debian they are: ${debian}).`;
}
