/** The composition root of the command line: checks this Node, runs the command, ends with its exit status. */
import { tooOld } from "./cli/node-version.ts";

const refusal = tooOld(process.versions.node);
if (refusal !== undefined) {
  process.stderr.write(`${refusal}\n`);
  process.exitCode = 1;
} else {
  // Imported only now: what an old Node lacks would otherwise fail first, and in words of its own.
  import("./cli/main.ts")
    .then(({ main }) => main(process.argv.slice(2)))
    .then((status) => process.exit(status), fail);
}

function fail(error: unknown): void {
  console.error(error);
  process.exit(1);
}
