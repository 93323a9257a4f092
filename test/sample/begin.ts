/** What `npm start` and `npm run vscode` both begin with: a build, and the three services at their ports. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { systemCode } from "../../src/core/errors.ts";
import {
  type Service,
  samplePorts,
  startLineService,
  startSecureService,
  startWebService,
} from "./services.ts";

export const root = fileURLToPath(new URL("../../", import.meta.url));
/** The folder whose settings have the routes to the services. */
export const folder = fileURLToPath(new URL("folder", import.meta.url));
export const stateDirectory = fileURLToPath(new URL("../../.cache/sample", import.meta.url));
/** Where the sample listens, so that what is shown for pasting is known; as low as the services. */
export const port = 27443;

/** Whether it succeeded; esbuild has said why not. */
export function build(): boolean {
  const built = spawnSync(process.execPath, [".ci/build.mjs"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  return built.status === 0;
}

/** Nothing, and a line that says why, when one of the ports cannot be had. */
export async function startServices(): Promise<AsyncDisposable | undefined> {
  await using services = new AsyncDisposableStack();
  const started = await Promise.all([
    startAt(samplePorts.web, startWebService),
    startAt(samplePorts.lines, startLineService),
    startAt(samplePorts.secure, startSecureService),
  ]);
  for (const service of started) if (service) services.use(service);
  return started.includes(undefined) ? undefined : services.move();
}

async function startAt(
  wanted: number,
  start: (port: number) => Promise<Service>,
): Promise<Service | undefined> {
  try {
    return await start(wanted);
  } catch (error) {
    const reason = systemCode(error) === "EADDRINUSE" ? "another program has it" : String(error);
    console.error(`The sample needs port ${wanted}: ${reason}. End that program and start again.`);
    return undefined;
  }
}
