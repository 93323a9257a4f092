/** MariaDB and its client with Oneport between: the server speaks first, and TLS begins inside its own protocol. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { ownCertificate } from "../mux/streams.ts";
import { freePort, startMux } from "../mux/support.ts";
import { Folder } from "./folder.ts";
import { mariadb, startMariadb } from "./mariadb.ts";

const rowCount = 20_000;

test("mariadb", async (t) => {
  await using folder = await Folder.make();
  const own = await ownCertificate("mariadb.test");
  const certificate = {
    cert: await folder.write("server.crt", own.cert),
    key: await folder.write("server.key", own.key),
  };
  const port = await freePort();
  await using _server = await startMariadb(folder, port, certificate);
  await using mux = await startMux({
    "mariadb.test": `tcp://127.0.0.1:${port}`,
    "quick.test": { to: `tcp://127.0.0.1:${port}`, tls: false },
  });

  const cipher = "show status like 'Ssl_cipher'";
  const at = (domain: string) => ({ host: mux.addressOf(domain), port: mux.port });

  for (const domain of ["mariadb.test", "quick.test"]) {
    await t.test(`logs in at the own address of ${domain}, where the server speaks first`, async () => {
      const { output, errors } = await mariadb(at(domain), ["--skip-ssl"], `${cipher}; select 'hello'`);
      assert.equal(output, "Ssl_cipher\t\nhello\n", errors);
      const { seen, target } = await mux.report(({ route }) => route === domain);
      assert.deepEqual(seen, { by: "address", name: mux.addressOf(domain) });
      assert.equal(target, `tcp://127.0.0.1:${port}`);
    });
  }

  await t.test("begins TLS in its own way there, and verifies the server's certificate", async () => {
    const theirs = ["--ssl", `--ssl-ca=${certificate.cert}`];
    const { output, errors } = await mariadb(at("mariadb.test"), theirs, cipher);
    assert.match(output, /^Ssl_cipher\tTLS_/, errors);
    const refused = await mariadb(at("mariadb.test"), ["--ssl", `--ssl-ca=${mux.rootFile}`], cipher);
    assert.match(refused.errors, /TLS\/SSL error/);
  });

  await t.test("receives 20 MB as they were sent", async () => {
    const select = `select repeat(md5(seq), 32) from shop.seq_1_to_${rowCount}`;
    const expected = createHash("sha256");
    for (let seq = 1; seq <= rowCount; seq++) {
      const row = createHash("md5").update(String(seq)).digest("hex").repeat(32);
      expected.update(`${row}\n`);
    }
    const digest = expected.digest("hex");
    for (const options of [["--skip-ssl"], ["--ssl", `--ssl-ca=${certificate.cert}`]]) {
      const { output, errors } = await mariadb(at("mariadb.test"), options, select);
      assert.equal(createHash("sha256").update(output).digest("hex"), digest, errors);
    }
  });
});
