/** Drives every route of the sample once, with the clients that people use, on free ports. */
import { type ChildProcess, spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { WebSocket } from "ws";
import { parseEvent } from "../../src/core/events.ts";
import { authorityFile, environment, startOneport } from "./oneport.ts";
import { samplePorts, startLineService, startSecureService, startWebService } from "./services.ts";

const settingsFile = new URL("folder/.vscode/settings.json", import.meta.url);

export interface Finding {
  readonly what: string;
  readonly answer: string;
  readonly good: boolean;
}

/** What each client got through the mux. Everything that was started has ended when this is fulfilled. */
export async function checkSample(): Promise<Finding[]> {
  const folder = await mkdtemp(join(tmpdir(), "oneport-sample-"));
  try {
    await using web = await startWebService(0);
    await using lines = await startLineService(0);
    await using secure = await startSecureService(0);
    const config = join(folder, "settings.json");
    await writeFile(
      config,
      (await readFile(settingsFile, "utf8"))
        .replace(String(samplePorts.web), String(web.port))
        .replace(String(samplePorts.lines), String(lines.port))
        .replace(String(samplePorts.secure), String(secure.port)),
    );
    const rootFile = authorityFile(folder);
    const oneport = startOneport(["--config", config, "--port", "0", "--json"], folder, "pipe");
    try {
      const client = new Client(await listeningPort(oneport), rootFile, environment(folder));
      return await driveAll(client, secure.certificate);
    } finally {
      await ended(oneport);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function driveAll(client: Client, own: X509Certificate): Promise<Finding[]> {
  const hello = "Hello from the web service, asked as web.localhost";
  const http1 = await client.curl("--http1.1", "web.localhost");
  const http2 = await client.curl("--http2", "web.localhost");
  const heard = await client.webSocket("web.localhost", "over the WebSocket");
  const lines = await client.openssl(
    "lines.localhost",
    "one\nbye\n",
    "-quiet",
    "-verify_return_error",
    "-verify_quiet",
  );
  const passed = await client.openssl("secure.localhost", "GET / HTTP/1.0\r\n\r\n", "-ign_eof", "-showcerts");
  const shown = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(passed)?.[0];
  const certificate = shown === undefined ? "none" : new X509Certificate(shown).fingerprint256;
  const greeting = "Hello from the secure service, with its own certificate";
  return [
    { what: "curl, HTTP/1.1", answer: http1, good: http1.startsWith(hello) && http1.endsWith("HTTP/1.1") },
    { what: "curl, HTTP/2", answer: http2, good: http2.startsWith(hello) && http2.endsWith("HTTP/2") },
    { what: "WebSocket", answer: heard, good: heard === "heard: over the WebSocket" },
    {
      what: "openssl, lines over TCP",
      answer: lines.trim().replaceAll("\n", " | "),
      good: lines === "Welcome to the line service\nONE\nBYE\n",
    },
    {
      what: "openssl, passthrough",
      answer: `certificate ${certificate.slice(0, 23)}…, the service's own is ${own.fingerprint256.slice(0, 23)}…`,
      good: certificate === own.fingerprint256 && passed.includes(greeting),
    },
  ];
}

class Client {
  readonly #port: number;
  readonly #rootFile: string;
  readonly #environment: NodeJS.ProcessEnv;

  constructor(port: number, rootFile: string, environment: NodeJS.ProcessEnv) {
    this.#port = port;
    this.#rootFile = rootFile;
    this.#environment = environment;
  }

  /** The body and, after a space, the protocol that it came over. */
  async curl(version: string, name: string): Promise<string> {
    const url = `https://${name}:${this.#port}/hello`;
    const written = ["--silent", "--show-error", "--max-time", "20", "--write-out", "HTTP/%{http_version}"];
    const output = await this.#run("curl", [version, "--cacert", this.#rootFile, ...written, url], "");
    return output.replace(/\n(?=HTTP\/[\d.]+$)/, " ");
  }

  /** What the service says to `message`. The name is resolved here: not every system knows `*.localhost`. */
  async webSocket(name: string, message: string): Promise<string> {
    const socket = new WebSocket(`wss://${name}:${this.#port}/live`, {
      ca: await readFile(this.#rootFile),
      lookup: (_name, _options, found) => found(null, [{ address: "127.0.0.1", family: 4 }]),
      handshakeTimeout: 20_000,
    });
    try {
      return await new Promise((resolve, reject) => {
        socket.on("error", reject);
        socket.on("close", (code) => reject(new Error(`closed with ${code}`)));
        socket.on("open", () => socket.send(message));
        socket.on("message", (data) => {
          if (String(data).startsWith("heard")) resolve(String(data));
        });
      });
    } finally {
      socket.terminate();
    }
  }

  /** What openssl shows after the handshake for `name` when it sends `input` and then hangs up. */
  async openssl(name: string, input: string, ...options: string[]): Promise<string> {
    const place = ["-connect", `127.0.0.1:${this.#port}`, "-servername", name, "-CAfile", this.#rootFile];
    return await this.#run("openssl", ["s_client", ...place, ...options], input);
  }

  async #run(program: string, arguments_: readonly string[], input: string): Promise<string> {
    const child = spawn(program, arguments_, { env: this.#environment, timeout: 30_000 });
    const spawned = once(child, "close");
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), spawned]);
    return output === "" ? errors.trim() : output;
  }
}

/** The port in the first line, which says that the mux listens. */
async function listeningPort(oneport: ChildProcess): Promise<number> {
  if (!oneport.stdout) throw new Error("The command line's output is not piped.");
  const reader = createInterface({ input: oneport.stdout });
  const ended = new AbortController();
  oneport.once("exit", () => ended.abort());
  const [line] = await once(reader, "line", { signal: ended.signal });
  const event = parseEvent(JSON.parse(line));
  if (event.type !== "listening") throw new Error(`The first event is ${event.type}.`);
  return event.port;
}

async function ended(oneport: ChildProcess): Promise<void> {
  if (oneport.exitCode !== null || oneport.signalCode !== null) return;
  const exited = once(oneport, "exit");
  oneport.kill("SIGTERM");
  await exited;
}
