/** What Node programs in a terminal are told to trust: the authority, beside what the user told them already. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { makeAuthority, makeLeaf } from "../../src/core/authority.ts";
import { Certificates } from "../../src/platform/certificates.ts";
import { terminalAuthority } from "../../src/platform/terminal-authority.ts";
import { Oneport } from "../e2e/oneport.ts";
import { run } from "../e2e/program.ts";
import { startWebService } from "../sample/services.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "oneport-terminal-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function makeRoot(): Promise<string> {
  return new Certificates(folder, { mode: "authority", files: [] }).rootCertificateFile();
}

test("without an authority there is no file, and none is made", async () => {
  assert.equal(await terminalAuthority(folder, undefined), undefined);
  assert.deepEqual(await readdir(folder), []);
});

test("a file that holds no authority of ours is not handed on", async () => {
  await makeRoot();
  await writeFile(join(folder, "ca", "root.crt"), "no certificate");
  assert.equal(await terminalAuthority(folder, undefined), undefined);
});

test("the file is written again when the authority or the user's file has changed, and only then", async () => {
  const root = await makeRoot();
  const users = join(folder, "users.pem");
  await writeFile(users, "the user's\n");
  const file = await terminalAuthority(folder, users);
  assert.equal(file, join(folder, "terminal-ca.pem"));
  const first = await stat(file);
  assert.equal(await terminalAuthority(folder, users), file);
  assert.equal((await stat(file)).ino, first.ino);

  const changed = (await makeAuthority(new Date())).rootCertificate;
  await writeFile(root, changed);
  await writeFile(users, "the user's other\n");
  await terminalAuthority(folder, users);
  const text = await readFile(file, "utf8");
  assert.ok(text.startsWith("the user's other\n") && text.endsWith(changed));
});

test("in a program that was begun in such a terminal the file does not grow", async () => {
  await makeRoot();
  const users = join(folder, "users.pem");
  await writeFile(users, "the user's\n");
  const file = await terminalAuthority(folder, users);
  assert.ok(file);
  const text = await readFile(file, "utf8");
  await terminalAuthority(folder, file);
  assert.equal(await readFile(file, "utf8"), text);
});

test("a file of the user's that is not there is passed over", async () => {
  const root = await readFile(await makeRoot(), "utf8");
  const file = await terminalAuthority(folder, join(folder, "missing.pem"));
  assert.ok(file);
  assert.ok((await readFile(file, "utf8")).endsWith(root));
});

test("Node reaches the mux, and what the user trusted before, and neither without the file", async () => {
  await using web = await startWebService(0);
  await using oneport = await Oneport.start({ localhost: web.port });
  const authority = await makeAuthority(new Date());
  const users = join(oneport.folder, "users.pem");
  await writeFile(users, authority.rootCertificate);
  const { chain, key } = await makeLeaf(authority, "localhost", new Date());
  using other = await listen(createServer({ cert: chain, key }, (_, answer) => answer.end("the user's own")));

  const places = [`https://localhost:${oneport.port}/hello`, `https://localhost:${other.port}/`];
  const script = `for (const place of ${JSON.stringify(places)})
    console.log(await fetch(place).then((answer) => answer.text(), (error) => error.cause.code));`;
  const fetched = async (more: NodeJS.ProcessEnv) =>
    (
      await run(process.execPath, ["--input-type=module", "--eval", script], {
        ...oneport.environment,
        ...more,
      })
    ).output.split(/\n+/);
  const refused = "UNABLE_TO_GET_ISSUER_CERT_LOCALLY";
  // The first handshake makes the authority.
  assert.deepEqual((await fetched({})).slice(0, 2), [refused, refused]);
  const file = await terminalAuthority(dirname(dirname(oneport.rootFile)), users);
  assert.ok(file);
  const hello = `Hello from the web service, asked as localhost:${oneport.port}`;
  assert.deepEqual((await fetched({ NODE_EXTRA_CA_CERTS: file })).slice(0, 2), [hello, "the user's own"]);
});

async function listen(server: Server): Promise<Disposable & { readonly port: number }> {
  server.on("tlsClientError", () => undefined); // A client that does not trust it is what the test wants.
  server.listen(0, "localhost");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return { port: address.port, [Symbol.dispose]: () => void server.close() };
}
