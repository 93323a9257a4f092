/** The other programs of Oneport, as the command line finds them. */
import { realpathSync } from "node:fs";
import { dirname, extname, join } from "node:path";

/** They lie beside the command line's own file and end as it does: `.cjs` bundled, `.ts` from source. */
export function entryOf(program: "worker" | "elevated"): string {
  const self = realpathSync(process.argv[1] ?? "");
  return join(dirname(self), `${program}${extname(self)}`);
}
