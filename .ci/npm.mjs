// Runs the npm that runs us, if one does. Uses nothing but Node, since it installs everything else.
import { spawnSync } from "node:child_process";

/** Gives 0, or what ended it; npm's standard output is not ours to show. */
export function runNpm(args, { cwd, node = process.execPath, env = process.env }) {
  const npm = process.env.npm_execpath;
  const options = { cwd, env, stdio: ["ignore", "ignore", "inherit"] };
  const run = npm?.endsWith("npm-cli.js")
    ? spawnSync(node, [npm, ...args], options)
    : spawnSync("npm", args, { ...options, shell: process.platform === "win32" });
  return run.status ?? run.error?.message ?? run.signal;
}
