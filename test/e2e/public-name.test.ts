/** A stolen issuer key is good for nothing on the Internet: clients that trust the root refuse a leaf for a public name. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { listStores, trust } from "../../src/platform/trust.ts";
import { startServer, TrustPlace } from "../platform/trust-place.ts";
import { findFirefox, loadInFirefox } from "./firefox.ts";
import { findProgram, run } from "./program.ts";

const local = "www.shop.test";
const published = "www.google.com";

let place: TrustPlace;
let servers: ReadonlyMap<string, Awaited<ReturnType<typeof startServer>>>;
let profile: string;

before(async () => {
  place = await TrustPlace.make();
  servers = new Map([
    [local, await startServer(place.authority, local)],
    [published, await startServer(place.authority, published)],
  ]);
  profile = await place.folder(".mozilla", "firefox", "abcdefgh.mine");
});

after(async () => {
  for (const server of servers.values()) await server[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

function portOf(name: string): number {
  return servers.get(name)?.port ?? 0;
}

const beside = (file: string) => fileURLToPath(new URL(file, import.meta.url));

const python = `
import socket, ssl, sys
name, port, root = sys.argv[1:]
with socket.create_connection(("127.0.0.1", int(port))) as plain:
    ssl.create_default_context(cafile=root).wrap_socket(plain, server_hostname=name).close()
`;

const node = `
import { readFileSync } from "node:fs";
import { connect } from "node:tls";
const [servername, port, root] = process.argv.slice(1);
connect({ host: "127.0.0.1", port, servername, ca: readFileSync(root) }, () => process.exit(0));
`;

/** Rejects with what the program said when its status is not 0. */
async function runWell(program: string, list: readonly string[]): Promise<void> {
  const { status, output, errors } = await run(program, list, place.environment);
  if (status !== 0) throw new Error(errors + output);
}

async function java(name: string): Promise<void> {
  const store = join(place.home, `${name}.p12`);
  const kind = ["-keystore", store, "-storetype", "PKCS12", "-storepass", "changeit"];
  await runWell("keytool", ["-importcert", "-noprompt", "-alias", "x", "-file", place.root.file, ...kind]);
  const properties = [`-Djavax.net.ssl.trustStore=${store}`, "-Djavax.net.ssl.trustStorePassword=changeit"];
  await runWell("java", [...properties, beside("Handshake.java"), name, String(portOf(name))]);
}

async function inChromium(name: string): Promise<void> {
  await place.folder(".pki", "nssdb");
  await trustIn("chromium:");
  const { HOME = "", PATH = "" } = place.environment;
  const args = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * 127.0.0.1",
  ];
  const executablePath = await findProgram("chromium");
  const browser = await chromium.launch({ executablePath, env: { HOME, PATH }, args });
  try {
    const page = await browser.newPage();
    await page.goto(`https://${name}:${portOf(name)}/`);
    assert.equal(await page.innerText("body"), "hello");
  } finally {
    await browser.close();
  }
}

async function inFirefox(name: string): Promise<void> {
  await runWell("certutil", ["-N", "-d", `sql:${profile}`, "--empty-password"]);
  await trustIn("firefox:");
  const url = `https://${name}:${portOf(name)}/`;
  assert.equal(await loadInFirefox(profile, place.environment, [local, published], url), "hello");
}

async function trustIn(kind: string): Promise<void> {
  const stores = await listStores(place.machine(), [place.root]);
  const store = stores.find(({ id }) => id.startsWith(kind));
  assert.ok(store);
  const { state } = await trust(store, place.root, place.machine());
  assert.deepEqual(state, { is: "trusted" });
}

interface Client {
  readonly find: () => Promise<string>;
  readonly connect: (name: string) => Promise<void>;
  /** In whose words it refuses. */
  readonly refusal: RegExp;
}

const clients: Readonly<Record<string, Client>> = {
  curl: {
    find: () => findProgram("curl"),
    connect: (name) => {
      const resolve = ["--noproxy", "*", "--resolve", `${name}:${portOf(name)}:127.0.0.1`];
      return runWell("curl", [
        "-sS",
        "--cacert",
        place.root.file,
        ...resolve,
        `https://${name}:${portOf(name)}/`,
      ]);
    },
    refusal: /permitted subtree violation/,
  },
  OpenSSL: {
    find: () => findProgram("openssl"),
    connect: (name) => {
      const at = ["-connect", `127.0.0.1:${portOf(name)}`, "-servername", name, "-verify_hostname", name];
      return runWell("openssl", ["s_client", ...at, "-CAfile", place.root.file, "-verify_return_error"]);
    },
    refusal: /permitted subtree violation/,
  },
  GnuTLS: {
    find: () => findProgram("gnutls-cli"),
    connect: (name) => {
      const at = ["--port", String(portOf(name)), "--sni-hostname", name, "--verify-hostname", name];
      return runWell("gnutls-cli", [...at, "--x509cafile", place.root.file, "127.0.0.1"]);
    },
    refusal: /constraints/,
  },
  Python: {
    find: () => findProgram("python3"),
    connect: (name) => runWell("python3", ["-c", python, name, String(portOf(name)), place.root.file]),
    refusal: /permitted subtree violation/,
  },
  Node: {
    find: async () => process.execPath,
    connect: (name) => {
      const list = ["--input-type=module", "--eval", node, name, String(portOf(name)), place.root.file];
      return runWell(process.execPath, list);
    },
    refusal: /permitted subtree violation|PERMITTED_VIOLATION/,
  },
  Go: {
    find: () => findProgram("go"),
    connect: (name) =>
      runWell("go", ["run", beside("handshake.go"), name, String(portOf(name)), place.root.file]),
    refusal: /not permitted by any constraint/,
  },
  Java: { find: () => findProgram("java"), connect: java, refusal: /name constraints/ },
  Chromium: {
    find: () => findProgram("certutil").then(() => findProgram("chromium")),
    connect: inChromium,
    refusal: /net::ERR_CERT_/,
  },
  Firefox: {
    find: () => findProgram("certutil").then(findFirefox),
    connect: inFirefox,
    refusal: /SEC_ERROR_CERT_NOT_IN_NAME_SPACE/,
  },
};

for (const [name, { find, connect, refusal }] of Object.entries(clients)) {
  const missing = await find().then(
    () => false as const,
    (error: Error) => error.message,
  );
  test(`${name} accepts a leaf for a local name, and refuses one for a public name`, {
    skip: missing,
  }, async () => {
    await connect(local);
    await assert.rejects(connect(published), refusal);
  });
}
