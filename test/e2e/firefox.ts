/** Firefox in a home of its own, driven by WebDriver BiDi, which it speaks by itself. */
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import * as v from "valibot";
import { WebSocket } from "ws";
import { begin, findProgram, longestMilliseconds } from "./program.ts";

/** The whole path of Debian's Firefox, or of one by its own name; rejects when there is none. */
export function findFirefox(): Promise<string> {
  return findProgram("firefox-esr").catch(() => findProgram("firefox"));
}

/**
 * The text of a page, in a Firefox that is started for it on a profile. Rejects with Firefox's own words in place of an error page.
 * `names`, and those under them, lead to this machine.
 */
export async function loadInFirefox(
  profile: string,
  environment: NodeJS.ProcessEnv,
  names: readonly string[],
  url: string,
): Promise<string> {
  await writeFile(join(profile, "user.js"), preferences(names));
  const list = ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"];
  await using firefox = await begin(await findFirefox(), list, environment);
  firefox.stdout.resume();
  const address = await debuggingAddress(firefox.stderr);
  firefox.stderr.resume();
  using session = await Session.open(address);
  return await session.load(url);
}

function preferences(names: readonly string[]): string {
  const wished = { "network.dns.localDomains": names.join(","), "network.proxy.type": 0 };
  return Object.entries(wished)
    .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
    .join("");
}

async function debuggingAddress(errors: Readable): Promise<string> {
  const said: string[] = [];
  for await (const line of createInterface({ input: errors })) {
    said.push(line);
    const [, address] = /WebDriver BiDi listening on (ws:\S+)/.exec(line) ?? [];
    if (address !== undefined) return address;
  }
  throw new Error(`Firefox cannot be driven:\n${said.join("\n")}`);
}

const answer = v.variant("type", [
  v.object({ type: v.literal("success"), id: v.number(), result: v.unknown() }),
  v.object({ type: v.literal("error"), id: v.number(), message: v.string() }),
]);
const tree = v.object({ contexts: v.tuple([v.object({ context: v.string() })]) });
const evaluated = v.object({ result: v.object({ value: v.string() }) });

class Session implements Disposable {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (said: v.InferOutput<typeof answer>) => void>();
  #asked = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (message) => {
      const parsed = v.safeParse(answer, JSON.parse(String(message)));
      // Everything else are events.
      if (parsed.success) this.#waiting.get(parsed.output.id)?.(parsed.output);
    });
  }

  static async open(address: string): Promise<Session> {
    const socket = new WebSocket(`${address}/session`);
    await once(socket, "open");
    const session = new Session(socket);
    await session.#ask("session.new", { capabilities: {} });
    return session;
  }

  async load(url: string): Promise<string> {
    const [{ context }] = v.parse(tree, await this.#ask("browsingContext.getTree", {})).contexts;
    const text = async () => {
      const target = { target: { context }, awaitPromise: false };
      const said = await this.#ask("script.evaluate", { expression: "document.body.innerText", ...target });
      return v.parse(evaluated, said).result.value;
    };
    try {
      await this.#ask("browsingContext.navigate", { context, url, wait: "complete" });
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : error}: ${await text()}`);
    }
    return await text();
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }

  #ask(method: string, params: Readonly<Record<string, unknown>>): Promise<unknown> {
    const id = ++this.#asked;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`Firefox did not answer ${method}.`)),
        longestMilliseconds,
      );
      this.#waiting.set(id, (said) => {
        clearTimeout(timer);
        if (said.type === "success") resolve(said.result);
        else reject(new Error(said.message));
      });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }
}
