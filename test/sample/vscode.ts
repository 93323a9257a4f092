/** `npm run vscode`: a VS Code with the extension on the sample's folder, and the sample's services, until Ctrl-C. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findProgram } from "../e2e/program.ts";
import { CodeServer } from "../vscode/code-server.ts";
import { build, folder, port, root, startServices, stateDirectory } from "./begin.ts";
import { environment } from "./oneport.ts";

/** Apart from the user's own VS Code, which would not take our environment if it runs already. */
const desktopData = join(root, ".cache", "vscode");

process.exitCode = build() ? await run() : 1;

async function run(): Promise<number> {
  await using services = await startServices();
  if (!services) return 1;
  // Heard as often as it is said, for a second one must not cut off what the first one ends.
  const interrupted = new Promise<void>((resolve) => process.on("SIGINT", resolve));
  const code = await findProgram("code").catch(() => undefined);
  return code === undefined ? await runCodeServer(interrupted) : await runDesktop(code, interrupted);
}

async function runCodeServer(interrupted: Promise<void>): Promise<number> {
  const installed = spawnSync(process.execPath, [join(root, ".ci", "code-server.mjs")], { stdio: "inherit" });
  if (installed.status !== 0) return 1;
  await using server = await CodeServer.start({ muxPort: port, stateDirectory });
  const query = new URLSearchParams({ folder });
  console.log(`Three services and a VS Code with Oneport; Ctrl-C ends it all. Open it in a browser:

  ${server.url}/?${query}
`);
  await interrupted;
  return 0;
}

/** Ends with its last window, or by Ctrl-C. */
async function runDesktop(code: string, interrupted: Promise<void>): Promise<number> {
  const settings = join(desktopData, "User", "settings.json");
  await mkdir(join(desktopData, "User"), { recursive: true });
  await writeFile(
    settings,
    JSON.stringify({ "oneport.port": port, "security.workspace.trust.enabled": false }),
  );
  console.log("Three services and a VS Code with Oneport; Ctrl-C, or closing its window, ends it all.");
  const place = [`--user-data-dir=${desktopData}`, `--extensions-dir=${join(desktopData, "extensions")}`];
  const options = [...place, `--extensionDevelopmentPath=${root}`, "--new-window", "--wait", folder];
  const child = spawn(code, options, {
    env: environment(stateDirectory),
    stdio: ["ignore", "ignore", "inherit"],
  });
  const exited = once(child, "exit");
  await Promise.race([exited, interrupted.then(endDesktop)]);
  const [status] = await exited;
  return status ?? 0;
}

/** The command that was begun only waits for VS Code, which writes its process id beside its data. */
async function endDesktop(): Promise<void> {
  process.kill(Number(await readFile(join(desktopData, "code.lock"), "utf8")));
}
