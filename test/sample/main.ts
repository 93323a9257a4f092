/** `npm start`: three services and Oneport before them, until Ctrl-C; with --check every route is driven once instead. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { systemCode } from "../../src/core/errors.ts";
import { checkSample } from "./check.ts";
import { authorityFile, startOneport } from "./oneport.ts";
import {
  type Service,
  samplePorts,
  startLineService,
  startSecureService,
  startWebService,
} from "./services.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = fileURLToPath(new URL("folder", import.meta.url));
const stateDirectory = fileURLToPath(new URL("../../.cache/sample", import.meta.url));
/** Where the sample listens, so that what is shown for pasting is known. */
const port = 47443;

process.exitCode = build() ? await (process.argv.includes("--check") ? check() : run()) : 1;

function build(): boolean {
  const built = spawnSync(process.execPath, [".ci/build.mjs"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  return built.status === 0;
}

async function check(): Promise<number> {
  const findings = await checkSample();
  for (const { good, what, answer } of findings) {
    console.log(`${good ? "ok    " : "FAILED"}  ${what.padEnd(24)} ${answer}`);
  }
  return findings.every(({ good }) => good) ? 0 : 1;
}

async function run(): Promise<number> {
  await using services = new AsyncDisposableStack();
  const started = await Promise.all([
    startAt(samplePorts.web, startWebService),
    startAt(samplePorts.lines, startLineService),
    startAt(samplePorts.secure, startSecureService),
  ]);
  for (const service of started) if (service) services.use(service);
  if (started.includes(undefined)) return 1;

  const rootFile = authorityFile(stateDirectory);
  console.log(`Three services and Oneport before them; Ctrl-C ends it all. To paste, once it listens:

  curl --cacert "${rootFile}" https://web.localhost:${port}/hello
  openssl s_client -quiet -connect 127.0.0.1:${port} -servername lines.localhost -CAfile "${rootFile}"
  openssl s_client -connect 127.0.0.1:${port} -servername secure.localhost -showcerts
  https://web.localhost:${port}/          in a browser, which warns until it trusts the authority
`);
  const oneport = startOneport([folder, "--port", String(port)], stateDirectory, "inherit");
  const exited = once(oneport, "exit");
  // Ctrl-C reaches the whole group, a plain kill only this process: so it is passed on, and twice does no harm.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => oneport.kill(signal));
  const [status] = await exited;
  return status ?? 1;
}

/** Nothing, and a line that says why, when the port cannot be had. */
async function startAt<S extends Service>(
  wanted: number,
  start: (port: number) => Promise<S>,
): Promise<S | undefined> {
  try {
    return await start(wanted);
  } catch (error) {
    const reason = systemCode(error) === "EADDRINUSE" ? "another program has it" : String(error);
    console.error(`The sample needs port ${wanted}: ${reason}. End that program and start again.`);
    return undefined;
  }
}
