/** The real command line as a child process, for the sample. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The command line as it is built. */
export const cli = fileURLToPath(new URL("../../dist/cli.cjs", import.meta.url));

/** The environment without what points TLS clients to certificates of somebody else's choice. */
export function environment(stateDirectory: string): NodeJS.ProcessEnv {
  const {
    NODE_EXTRA_CA_CERTS: _node,
    SSL_CERT_FILE: _file,
    SSL_CERT_DIR: _folder,
    CURL_CA_BUNDLE: _curl,
    ...rest
  } = process.env;
  return { ...rest, ONEPORT_STATE_DIR: stateDirectory };
}

/** Standard output is inherited, or piped to be read; standard error is always shown. */
export function startOneport(
  arguments_: readonly string[],
  stateDirectory: string,
  output: "inherit" | "pipe",
): ChildProcess {
  return spawn(process.execPath, [cli, "start", ...arguments_], {
    stdio: ["ignore", output, "inherit"],
    env: environment(stateDirectory),
  });
}

/** The file that clients are told to trust; it is made by this very call if need be. */
export function authorityFile(stateDirectory: string): string {
  const run = spawnSync(process.execPath, [cli, "ca", "path"], {
    encoding: "utf8",
    env: environment(stateDirectory),
  });
  if (run.status !== 0) throw new Error(run.stderr.trim());
  return run.stdout.trim();
}
