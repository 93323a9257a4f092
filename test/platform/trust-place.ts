/** A throw-away home with an authority in it, the machine as seen from there, and a server with a leaf of that authority. */
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Authority, makeAuthority, makeLeaf } from "../../src/core/authority.ts";
import type { StoredRoot } from "../../src/core/trust.ts";
import type { Machine } from "../../src/platform/machine.ts";
import { systemRunner } from "../../src/platform/run.ts";
import { rememberRoot } from "../../src/platform/trusted-roots.ts";

/** Debian's own programs, and nothing that tells TLS clients whom to trust. */
export const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export class TrustPlace implements AsyncDisposable {
  readonly home: string;
  readonly state: string;
  readonly authority: Authority;
  readonly root: StoredRoot;

  private constructor(home: string, authority: Authority, root: StoredRoot) {
    this.home = home;
    this.state = join(home, "state");
    this.authority = authority;
    this.root = root;
  }

  static async make(): Promise<TrustPlace> {
    const home = await mkdtemp(join(tmpdir(), "oneport trust's-"));
    const authority = await makeAuthority(new Date());
    return new TrustPlace(home, authority, await remembered(home, authority));
  }

  get environment(): NodeJS.ProcessEnv {
    return { PATH: systemPath, HOME: this.home, LANG: "C.UTF-8" };
  }

  /** Never elevated: nothing run on it can change this computer. */
  machine(changed: Partial<Machine> = {}): Machine {
    const { environment, home } = this;
    const runner = systemRunner(environment);
    return { platform: "linux", environment, home, isElevated: false, runner, ...changed };
  }

  /** The root of another authority, remembered too. */
  async anotherRoot(): Promise<StoredRoot> {
    return remembered(this.home, await makeAuthority(new Date()));
  }

  async folder(...names: readonly string[]): Promise<string> {
    const path = join(this.home, ...names);
    await mkdir(path, { recursive: true });
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.home, { recursive: true, maxRetries: 5 });
  }
}

async function remembered(home: string, { rootCertificate }: Authority): Promise<StoredRoot> {
  const file = join(home, "made.crt");
  await writeFile(file, rootCertificate);
  return rememberRoot(join(home, "state"), file);
}

/** Serves "hello" as `name`. */
export async function startServer(authority: Authority, name: string) {
  const { chain, key } = await makeLeaf(authority, name, new Date());
  const server = createServer({ cert: chain, key }, (_request, response) => response.end("hello"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
