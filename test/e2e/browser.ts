/** Chromium with a home of its own, which trusts what it is told to and nothing else of this machine. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContextOptions, chromium, type Page, type Browser as Playwright } from "playwright-core";
import { findProgram, longestMilliseconds, run } from "./program.ts";

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--no-proxy-server",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // For names that would need a line in the hosts file.
  "--host-resolver-rules=MAP *.test 127.0.0.1",
];

export class Browser implements AsyncDisposable {
  readonly #browser: Playwright;
  /** The process, and then its home. */
  readonly #owned: AsyncDisposableStack;

  private constructor(browser: Playwright, owned: AsyncDisposableStack) {
    this.#browser = browser;
    this.#owned = owned;
  }

  /** `trusted` are the files of root certificates. Rejects with the name of a program that is missing. */
  static async open(trusted: readonly string[]): Promise<Browser> {
    const executablePath = await findProgram("chromium");
    await using owned = new AsyncDisposableStack();
    const home = await mkdtemp(join(tmpdir(), "oneport-browser-"));
    owned.defer(() => rm(home, { recursive: true, maxRetries: 5 }));
    const store = await makeStore(home);
    for (const file of trusted) {
      const added = ["-A", "-d", store, "-t", "C,,", "-n", file, "-i", file];
      await certutil(added, environmentIn(home));
    }
    const browser = owned.use(
      await chromium.launch({ executablePath, env: environmentIn(home), args: flags }),
    );
    return new Browser(browser, owned.move());
  }

  /** A browser that trusts what its user's home says, where `makeStore` was called before. */
  static async openAt(home: string): Promise<Browser> {
    const executablePath = await findProgram("chromium");
    await using owned = new AsyncDisposableStack();
    const browser = owned.use(
      await chromium.launch({ executablePath, env: environmentIn(home), args: flags }),
    );
    return new Browser(browser, owned.move());
  }

  /** A page in a profile of its own. */
  async page(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.#browser.newContext(options);
    context.setDefaultTimeout(longestMilliseconds);
    return await context.newPage();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}

async function certutil(arguments_: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const { status, errors } = await run("certutil", arguments_, env);
  assert.equal(status, 0, errors);
}

/** The empty trust store of a user's browser, as certutil names it. */
export async function makeStore(home: string): Promise<string> {
  const folder = join(home, ".pki", "nssdb");
  await mkdir(folder, { recursive: true });
  await certutil(["-N", "-d", `sql:${folder}`, "--empty-password"], environmentIn(home));
  return `sql:${folder}`;
}

function environmentIn(home: string) {
  return { HOME: home, PATH: process.env.PATH ?? "", LANG: "C.UTF-8" };
}
