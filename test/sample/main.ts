/** `npm start`: three services and Oneport before them, until Ctrl-C; with --check every route is driven once instead. */
import { once } from "node:events";
import { build, folder, port, startServices, stateDirectory } from "./begin.ts";
import { checkSample } from "./check.ts";
import { authorityFile, startOneport } from "./oneport.ts";

process.exitCode = build() ? await (process.argv.includes("--check") ? check() : run()) : 1;

async function check(): Promise<number> {
  const findings = await checkSample();
  for (const { good, what, answer } of findings) {
    console.log(`${good ? "ok    " : "FAILED"}  ${what.padEnd(24)} ${answer}`);
  }
  return findings.every(({ good }) => good) ? 0 : 1;
}

async function run(): Promise<number> {
  await using services = await startServices();
  if (!services) return 1;

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
