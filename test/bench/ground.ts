/** What the bench stands on: a throw-away folder with certificates and the bundle, and the load with its services. */
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeSelfSigned } from "../../src/core/self-signed.ts";
import { names } from "./clients.ts";
import type { Ground } from "./contender.ts";
import { parseAnswer } from "./jobs.ts";
import type { Load } from "./measurement.ts";
import { bundle } from "./oneport.ts";
import { cores, Pinned } from "./pinned.ts";

export interface Prepared extends AsyncDisposable {
  readonly folder: string;
  readonly load: Load;
  /** The ground for one contender. */
  of(name: string): Promise<Ground>;
}

export async function prepare(): Promise<Prepared> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "oneport-bench-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  // A bench that is broken off leaves nothing either.
  process.once("exit", remove);
  stack.defer(() => {
    process.off("exit", remove);
    remove();
  });
  await bundle(folder);
  const process_ = stack.use(startLoad(folder));
  const load: Load = { do: async (job) => parseAnswer(await process_.ask(job)) };
  const { raw = 0, http = 0 } = await load.do({ job: "serve" });
  const certificates = join(folder, "certificates");
  const pairs = await makePairs(certificates, folder);
  const ended = stack.move();
  return {
    folder,
    load,
    async of(name) {
      const own = join(folder, name.replace(/\W+/g, "-"));
      await mkdir(own, { recursive: true });
      return { folder: own, raw, http, certificates, pairOf: pairs };
    },
    [Symbol.asyncDispose]: () => ended.disposeAsync(),
  };
}

function startLoad(folder: string): Pinned {
  const program = fileURLToPath(new URL("load.ts", import.meta.url));
  return new Pinned(cores.load, [process.execPath, program], { folder });
}

/** `folder` holds a pair of files for each name whose TLS is ended; what is both in one lies elsewhere. */
async function makePairs(folder: string, elsewhere: string): Promise<Ground["pairOf"]> {
  const filesOf = (name: string) => ({
    cert: join(folder, `${name}.crt`),
    key: join(folder, `${name}.key`),
    both: join(elsewhere, `${name}.pem`),
  });
  await mkdir(folder);
  for (const name of [names.terminated, names.http]) {
    const { chain, key } = await makeSelfSigned(name, new Date());
    const files = filesOf(name);
    await writeFile(files.cert, chain);
    await writeFile(files.key, key, { mode: 0o600 });
    await writeFile(files.both, chain + key, { mode: 0o600 });
  }
  return filesOf;
}
