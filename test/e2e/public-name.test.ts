/** A stolen issuer key is good for nothing on the Internet: clients that trust the root refuse a leaf for a public name. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { listStores, trust } from "../../src/platform/trust.ts";
import { startServer, TrustPlace } from "../platform/trust-place.ts";
import { loadInFirefox } from "./firefox.ts";
import { findProgram, run } from "./program.ts";

const local = "www.shop.test";
const published = "www.google.com";

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

/** One client's way to one server. */
interface Visit {
  readonly place: TrustPlace;
  readonly name: string;
  readonly port: string;
}

/** Rejects with what the program said when its status is not 0. */
async function runWell(
  { place }: Pick<Visit, "place">,
  program: string,
  list: readonly string[],
): Promise<void> {
  const { status, output, errors } = await run(program, list, place.environment);
  if (status !== 0) throw new Error(errors + output);
}

async function byJava(visit: Visit): Promise<void> {
  const { place, name, port } = visit;
  const store = join(place.home, `${name}.p12`);
  const kind = ["-keystore", store, "-storetype", "PKCS12", "-storepass", "changeit"];
  const imported = ["-importcert", "-noprompt", "-alias", "x", "-file", place.root.file, ...kind];
  await runWell(visit, "keytool", imported);
  const properties = [`-Djavax.net.ssl.trustStore=${store}`, "-Djavax.net.ssl.trustStorePassword=changeit"];
  await runWell(visit, "java", [...properties, beside("Handshake.java"), name, port]);
}

async function byChromium({ place, name, port }: Visit): Promise<void> {
  await place.folder(".pki", "nssdb");
  await trustIn("chromium:", place);
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
    await page.goto(`https://${name}:${port}/`);
    assert.equal(await page.innerText("body"), "hello");
  } finally {
    await browser.close();
  }
}

/** In a profile of its own for each name: a database cannot be made twice. */
async function byFirefox(visit: Visit): Promise<void> {
  const { place, name, port } = visit;
  const profile = await place.folder(".mozilla", "firefox", `abcdefgh.${name}`);
  await runWell(visit, "certutil", ["-N", "-d", `sql:${profile}`, "--empty-password"]);
  await trustIn(`firefox:${profile}`, place);
  const text = await loadInFirefox(profile, place.environment, [name], `https://${name}:${port}/`);
  assert.equal(text, "hello");
}

async function trustIn(id: string, place: TrustPlace): Promise<void> {
  const stores = await listStores(place.machine(), [place.root]);
  const store = stores.find((each) => each.id.startsWith(id));
  assert.ok(store);
  const { state } = await trust(store, place.root, place.machine());
  assert.deepEqual(state, { is: "trusted" });
}

interface Client {
  /** Without them it is not here. */
  readonly programs: readonly string[];
  /** Rejects when the client refuses. */
  readonly connect: (visit: Visit) => Promise<void>;
  /** In whose words. */
  readonly refusal: RegExp;
}

/** A program that gets the root's file among its arguments. */
function program(
  name: string,
  list: (visit: Visit, rootFile: string) => readonly string[],
  refusal: RegExp,
): Client {
  return {
    programs: [name],
    connect: (visit) => runWell(visit, name, list(visit, visit.place.root.file)),
    refusal,
  };
}

const clients: Readonly<Record<string, Client>> = {
  curl: program(
    "curl",
    ({ name, port }, root) => {
      const resolve = ["--noproxy", "*", "--resolve", `${name}:${port}:127.0.0.1`];
      return ["-sS", "--cacert", root, ...resolve, `https://${name}:${port}/`];
    },
    /permitted subtree violation/,
  ),
  OpenSSL: program(
    "openssl",
    ({ name, port }, root) => {
      const at = ["-connect", `127.0.0.1:${port}`, "-servername", name, "-verify_hostname", name];
      return ["s_client", ...at, "-CAfile", root, "-verify_return_error"];
    },
    /permitted subtree violation/,
  ),
  GnuTLS: program(
    "gnutls-cli",
    ({ name, port }, root) => {
      const at = ["--port", port, "--sni-hostname", name, "--verify-hostname", name];
      return [...at, "--x509cafile", root, "127.0.0.1"];
    },
    /violates the signer's constraints/,
  ),
  Python: program(
    "python3",
    ({ name, port }, root) => ["-c", python, name, port, root],
    /permitted subtree violation/,
  ),
  Node: program(
    process.execPath,
    ({ name, port }, root) => ["--input-type=module", "--eval", node, name, port, root],
    /permitted subtree violation/,
  ),
  Go: program(
    "go",
    ({ name, port }, root) => ["run", beside("handshake.go"), name, port, root],
    /not permitted by any constraint/,
  ),
  Java: { programs: ["java", "keytool"], connect: byJava, refusal: /name constraints/ },
  Chromium: { programs: ["chromium", "certutil"], connect: byChromium, refusal: /net::ERR_CERT_/ },
  Firefox: {
    programs: ["firefox-esr", "certutil"],
    connect: byFirefox,
    refusal: /SEC_ERROR_CERT_NOT_IN_NAME_SPACE/,
  },
};

test("a leaf for a public name is refused by clients that accept one for a local name", async (t) => {
  await using place = await TrustPlace.make();
  await using localServer = await startServer(place.authority, local);
  await using publishedServer = await startServer(place.authority, published);
  for (const [client, { programs, connect, refusal }] of Object.entries(clients)) {
    const missing = await Promise.all(
      programs.filter((each) => each !== process.execPath).map(findProgram),
    ).then(
      () => false as const,
      (error: Error) => error.message,
    );
    await t.test(client, { skip: missing }, async () => {
      await connect({ place, name: local, port: String(localServer.port) });
      await assert.rejects(connect({ place, name: published, port: String(publishedServer.port) }), refusal);
    });
  }
});
