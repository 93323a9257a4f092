/** A new authority for one more name: on disk, in a process that runs on, and in the eyes of a TLS client. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { connect, createServer, type SecureContext } from "node:tls";
import { constrainedNames } from "../../src/core/local-names.ts";
import { permittedNames } from "../../src/core/permitted-names.ts";
import { Certificates } from "../../src/platform/certificates.ts";
import { rememberedRoots, todaysRoot } from "../../src/platform/trusted-roots.ts";
import { planWidening, widenAuthority } from "../../src/platform/widen-authority.ts";

const name = "shop.example.com";
const settings = { mode: "authority", files: [] } as const;

let state: string;

beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), "oneport-widen-"));
});
afterEach(() => rm(state, { recursive: true, force: true }));

const root = () => readFile(join(state, "ca", "root.crt"), "utf8");
const issuerOf = async () => new X509Certificate(await readFile(join(state, "ca", "issuer.crt")));

/** Why a client that trusts the root alone refuses what this context shows for a name; undefined when it does not. */
async function refusal(context: SecureContext, servername: string): Promise<string | undefined> {
  const server = createServer({ SNICallback: (_name, done) => done(null, context) });
  // The client's own error is what counts.
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const socket = connect({ host: "127.0.0.1", port: address.port, servername, ca: await root() });
  try {
    await once(socket, "secureConnect");
    return undefined;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  } finally {
    socket.destroy();
    server.close();
  }
}

test("the new authority certifies the name and those under it, and still no other of the Internet", async () => {
  const certificates = new Certificates(state, settings);
  const before = await certificates.contextFor(name);
  assert.equal(await refusal(await certificates.contextFor("app.test"), "app.test"), undefined);
  assert.equal(await refusal(before, name), "DEPTH_ZERO_SELF_SIGNED_CERT");
  assert.deepEqual(
    (await certificates.problemsFor(name)).map(({ code }) => code),
    ["outside-authority"],
  );

  const widened = await widenAuthority(state, [name]);
  assert.deepEqual(widened, {
    ok: true,
    value: { before: constrainedNames, added: [name], after: [...constrainedNames, name] },
  });
  for (const file of ["root.crt", "issuer.crt"]) {
    const certificate = new X509Certificate(await readFile(join(state, "ca", file)));
    const names = (await permittedNames(certificate.raw))?.names;
    assert.deepEqual(names, [...constrainedNames, name], file);
  }
  const fresh = new Certificates(state, settings);
  assert.deepEqual(await fresh.problemsFor(name), []);
  for (const good of [name, `api.${name}`, "app.test"]) {
    assert.equal(await refusal(await fresh.contextFor(good), good), undefined, good);
  }
  for (const other of ["example.com", "www.example.com", "www.google.com"]) {
    assert.equal(await refusal(await fresh.contextFor(other), other), "DEPTH_ZERO_SELF_SIGNED_CERT", other);
  }
});

test("a process that runs on takes the new authority, for the names that it had certified too", async () => {
  let now = new Date();
  const running = new Certificates(state, settings, () => now);
  await running.contextFor("app.test");
  await running.contextFor(name);
  assert.ok((await widenAuthority(state, [name])).ok);
  now = new Date(now.getTime() + 1000);
  for (const each of ["app.test", name]) {
    assert.equal(await refusal(await running.contextFor(each), each), undefined, each);
  }
});

test("the root that goes is remembered for untrust, and its key is nowhere any more", async () => {
  await new Certificates(state, settings).rootCertificateFile();
  const old = await todaysRoot(state);
  const oldKey = await readFile(join(state, "ca", "issuer.key"), "utf8");
  assert.ok((await widenAuthority(state, [name])).ok);
  assert.deepEqual(
    (await rememberedRoots(state)).map(({ sha256 }) => sha256),
    [old?.sha256],
  );
  assert.notEqual((await todaysRoot(state))?.sha256, old?.sha256);
  assert.deepEqual((await readdir(state)).sort(), ["ca", "trusted"]);
  for (const file of await readdir(state, { recursive: true, withFileTypes: true })) {
    if (file.isFile()) assert.notEqual(await readFile(join(file.parentPath, file.name), "utf8"), oldKey);
  }
});

test("names that are covered already make no new authority, and a plan makes none either", async () => {
  await new Certificates(state, settings).rootCertificateFile();
  const first = await root();
  const planned = await planWidening(state, [name]);
  assert.ok(planned.ok);
  assert.deepEqual(planned.value.added, [name]);
  assert.equal(await root(), first);
  const covered = await widenAuthority(state, ["app.test", "api.localhost"]);
  assert.deepEqual(covered, {
    ok: true,
    value: { before: constrainedNames, added: [], after: constrainedNames },
  });
  assert.equal(await root(), first);
});

test("without an authority, the first one is made for the name at once", async () => {
  assert.ok((await widenAuthority(state, [name])).ok);
  assert.deepEqual(await readdir(state), ["ca"]);
  const again = await planWidening(state, [name]);
  assert.deepEqual(again.ok && again.value.added, []);
});

test("of names that are added at the same moment none is lost", async () => {
  await new Certificates(state, settings).rootCertificateFile();
  const names = Array.from({ length: 4 }, (_, index) => `shop${index}.example.com`);
  const results = await Promise.all(names.map((each) => widenAuthority(state, [each])));
  for (const result of results) assert.ok(result.ok, JSON.stringify(result));
  const planned = await planWidening(state, []);
  assert.ok(planned.ok);
  assert.deepEqual([...planned.value.before].sort(), [...constrainedNames, ...names].sort());
  assert.deepEqual((await readdir(state)).sort(), ["ca", "trusted"]);
  assert.ok((await issuerOf()).checkIssued(new X509Certificate(await root())));
});

test("a name that many share is refused, and a damaged authority is not replaced in silence", async () => {
  await new Certificates(state, settings).rootCertificateFile();
  const refused = await widenAuthority(state, [name, "co.uk"]);
  assert.equal(!refused.ok && refused.error.code, "name-not-addable");
  const path = join(state, "ca", "issuer.crt");
  await writeFile(path, "damaged");
  const damaged = await widenAuthority(state, [name]);
  assert.equal(!damaged.ok && damaged.error.code, "authority-damaged");
  assert.equal(await readFile(path, "utf8"), "damaged");
});
