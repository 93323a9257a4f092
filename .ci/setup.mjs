// Makes a fresh clone ready: installs node_modules when they do not match package-lock.json and, with --test, looks for
// the programs that the tests run and installs code-server. Says nothing when all is well. It runs before anything is
// installed, on whatever Node there is (18 or newer), so it uses nothing but Node.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runNpm } from "./npm.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const windows = process.platform === "win32";

/** Each program and the Debian package it comes in. */
const testPrograms = new Map(
  Object.entries(JSON.parse(readFileSync(new URL("test-programs.json", import.meta.url), "utf8"))),
);

/** What Homebrew calls differently from Debian. */
const homebrew = new Map([
  ["libnss3-tools", "nss"],
  ["netcat-openbsd", "netcat"],
  ["postgresql-client", "postgresql"],
  ["redis-server", "redis"],
  ["redis-tools", "redis"],
  ["mariadb-server", "mariadb"],
  ["mariadb-client", "mariadb"],
  ["openssh-server", "openssh"],
  ["openssh-client", "openssh"],
  ["nginx-light", "nginx"],
  ["nghttp2-client", "nghttp2"],
  ["libnginx-mod-stream", "nginx"],
]);

const apt = "apt-get";

/** Debian asks this program before a package starts its service. */
const servicePolicy = "/usr/sbin/policy-rc.d";

installModules();
if (process.argv.includes("--test")) {
  findTestPrograms();
  // It says itself what went wrong; only the tests in VS Code fail without it.
  spawnSync(process.execPath, [join(root, ".ci", "code-server.mjs")], { stdio: "inherit" });
}

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
  const status = runNpm(["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: root });
  if (status !== 0) {
    console.error(
      `setup: npm ci failed (status ${status}). Run "npm ci" by hand to see why, then try again.`,
    );
    process.exit(1);
  }
  writeFileSync(mark, `${lock}\n`);
}

/** A missing program does not stop the tests: those that need it fail by their own names. */
function findTestPrograms() {
  const missing = missingPrograms();
  if (missing.length === 0) return;
  if (hasProgram(apt) && process.getuid?.() === 0) {
    console.log(`setup: installing ${missing.join(", ")}`);
    withoutServices(() => aptInstall(packagesOf(missing)));
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
  return [...folders, ...debianFolders()].some((folder) =>
    endings.some((ending) => isUsable(join(folder, program + ending))),
  );
}

/** Where Debian puts servers, which are not on everybody's PATH, and the modules of nginx. */
function debianFolders() {
  const postgres = "/usr/lib/postgresql";
  const versions = existsSync(postgres) ? readdirSync(postgres) : [];
  return [
    "/usr/sbin",
    "/usr/lib/nginx/modules",
    ...versions.map((version) => join(postgres, version, "bin")),
  ];
}

function isUsable(file) {
  try {
    accessSync(file, file.endsWith(".so") ? constants.R_OK : constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Servers are installed for the tests to start: none of them is to run by itself. */
function withoutServices(install) {
  if (existsSync(servicePolicy)) return install();
  // Whoever interrupts this ends apt; the policy must not stay.
  const goOn = () => undefined;
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, goOn);
  writeFileSync(servicePolicy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    install();
  } finally {
    rmSync(servicePolicy);
    for (const signal of ["SIGINT", "SIGTERM"]) process.off(signal, goOn);
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

function packagesOf(programs) {
  return [...new Set(programs.map((program) => testPrograms.get(program)))];
}

function installHint(programs) {
  const debian = packagesOf(programs).join(" ");
  if (hasProgram(apt)) return `Install with: sudo apt-get install -y --no-install-recommends ${debian}`;
  if (process.platform === "darwin") {
    const formulas = packagesOf(programs).map((name) => homebrew.get(name) ?? name);
    return `Install with: brew install ${[...new Set(formulas)].join(" ")}`;
  }
  return `Install them with your package manager (on Debian they are: ${debian}).`;
}
