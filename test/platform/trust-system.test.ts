/** The command line as root, curl, Python, OpenSSL and Java against Debian's own trust store, with all that is written kept apart. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile, realpath } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { fileNameOf, readRoot } from "../../src/core/trust.ts";
import { AuthorityFolder } from "../../src/platform/authority-folder.ts";
import { MountNamespace } from "./mount-namespace.ts";
import { startServer, TrustPlace } from "./trust-place.ts";

const cli = fileURLToPath(new URL("../../src/cli.ts", import.meta.url));
const obstacle = await MountNamespace.obstacle();

const python = `
import socket, ssl, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as plain:
    with ssl.create_default_context().wrap_socket(plain, server_hostname="shop.test") as secure:
        print(secure.version())
`;

test("as root, the system's store trusts the root, and forgets it again", { skip: obstacle }, async () => {
  const untouched = await machineStore();
  await using place = await TrustPlace.make();
  await using namespace = await MountNamespace.enter();
  const environment = { ...place.environment, ONEPORT_STATE_DIR: place.state };
  const authority = await new AuthorityFolder(place.state, () => new Date()).readOrMake();
  await using server = await startServer(authority, "shop.test");
  const oneport = async (...words: readonly string[]) => {
    const { status, output, errors } = await namespace.run(process.execPath, [cli, ...words], environment);
    assert.equal(errors, "");
    const lines = output.trimEnd().split("\n");
    return { status, output, stores: lines.map((line) => JSON.parse(line)) };
  };
  const url = `https://shop.test:${server.port}/`;
  const resolve = ["--resolve", `shop.test:${server.port}:127.0.0.1`, "--noproxy", "*"];
  const clients = {
    curl: ["-sS", ...resolve, url],
    "/usr/bin/python3": ["-c", python, String(server.port)],
    openssl: ["s_client", "-verify_return_error", "-servername", "shop.test", "-connect"].concat(
      `127.0.0.1:${server.port}`,
    ),
  };
  const accepting = async () => {
    const all = Object.entries(clients).map(async ([program, list]) => {
      const { status } = await namespace.run(program, list, place.environment);
      return status === 0 ? [program] : [];
    });
    return (await Promise.all(all)).flat();
  };
  const ofSystem = (lines: readonly { id?: string }[]) =>
    lines.filter(({ id }) => id === "system" || id === "java");

  assert.deepEqual(await accepting(), []);
  const trusted = await oneport("ca", "trust", "--json");
  const wished = { place: "/usr/local/share/ca-certificates", needsElevation: true, state: "trusted" };
  const [system, java] = ofSystem(trusted.stores);
  assert.deepEqual(system, { type: "store", id: "system", name: "System", ...wished, result: "done" });
  assert.ok(java === undefined || ("state" in java && java.state === "trusted"), JSON.stringify(java));
  assert.deepEqual(await accepting(), Object.keys(clients));
  const again = await oneport("ca", "trust", "--json");
  assert.equal(again.status, 0);
  assert.ok(again.stores.every(({ type, result }) => type !== "store" || result === "unchanged"));

  // What Java itself says of it.
  const javaKnows = async () => {
    const root = readRoot(authority.rootCertificate);
    assert.ok(root);
    const alias = `debian:${fileNameOf(root).replace("crt", "pem")}`;
    const list = ["-list", "-cacerts", "-storepass", "changeit", "-alias", alias];
    return (await namespace.run("keytool", list, place.environment)).status === 0;
  };
  if (java) assert.ok(await javaKnows());

  const removed = await oneport("ca", "untrust", "--json");
  assert.equal(removed.status, 0, removed.output);
  for (const { result, state } of ofSystem(removed.stores).map((each) => ({
    result: "",
    state: "",
    ...each,
  }))) {
    assert.deepEqual({ result, state }, { result: "done", state: "not-trusted" });
  }
  assert.deepEqual(await accepting(), []);
  if (java) assert.ok(!(await javaKnows()));
  const left = await namespace.run("ls", ["/etc/ssl/certs", "/usr/local/share/ca-certificates"], environment);
  assert.doesNotMatch(left.output, /oneport/);
  const nothing = await oneport("ca", "untrust", "--json");
  assert.equal(nothing.status, 0);
  assert.ok(nothing.stores.every(({ result }) => result === "unchanged"));
  assert.deepEqual(await machineStore(), untouched);
});

/** This computer's own store, which must stay as it is. */
async function machineStore() {
  const folders = ["/usr/local/share/ca-certificates", "/etc/ssl/certs"];
  const names = await Promise.all(folders.map(async (folder) => (await readdir(folder)).sort()));
  const bundle = await readFile(await realpath("/etc/ssl/certs/ca-certificates.crt"));
  return { names, bundle: createHash("sha256").update(bundle).digest("hex") };
}
