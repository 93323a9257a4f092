/** The HTTP clients of Python, Java and Node against the command line, each with what it calls a trust store. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startWebService } from "../sample/services.ts";
import { Oneport } from "./oneport.ts";
import { findProgram, run } from "./program.ts";

const beside = (file: string) => fileURLToPath(new URL(file, import.meta.url));

test("Python's http.client trusts the root's file and keeps its connection", async () => {
  await using web = await startWebService(0);
  await using oneport = await Oneport.start({ "web.localhost": web.port });
  const { port, rootFile, environment } = oneport;
  const place = ["web.localhost", String(port)];
  const { output, errors } = await run("python3", [beside("client.py"), ...place, rootFile], environment);
  const answer = `200 Hello from the web service, asked as web.localhost:${port}\n`;
  assert.equal(output, answer.repeat(2), errors);
  assert.equal((await oneport.report(() => true)).requests, 2);
});

const java = await findProgram("java").catch(() => undefined);

test("Java's HttpClient trusts the root in a key store, for HTTP/2 and for its WebSocket", {
  skip: java === undefined && "java is not on PATH",
}, async () => {
  await using web = await startWebService(0);
  await using oneport = await Oneport.start({ "web.localhost": web.port });
  const { port, rootFile, environment, folder } = oneport;
  const store = join(folder, "trusted.p12");
  const kind = ["-keystore", store, "-storetype", "PKCS12", "-storepass", "changeit"];
  const imported = ["-importcert", "-noprompt", "-alias", "oneport", "-file", rootFile, ...kind];
  const keytool = await run("keytool", imported, environment);
  assert.equal(keytool.status, 0, keytool.output);
  const hosts = join(folder, "hosts");
  await writeFile(hosts, "127.0.0.1 web.localhost\n");
  const properties = [
    `-Djavax.net.ssl.trustStore=${store}`,
    "-Djavax.net.ssl.trustStoreType=PKCS12",
    "-Djavax.net.ssl.trustStorePassword=changeit",
    `-Djdk.net.hosts.file=${hosts}`,
  ];
  const program = [beside("Client.java"), `web.localhost:${port}`];
  const { output, errors } = await run("java", [...properties, ...program], environment);
  const hello = `Hello from the web service, asked as web.localhost:${port}`;
  assert.equal(output, `HTTP_2 200 ${hello}\nheard: a word\n`, errors);
});

test("Node's fetch trusts the root by NODE_EXTRA_CA_CERTS, and does not without it", async () => {
  await using web = await startWebService(0);
  // A name that resolves on every system.
  await using oneport = await Oneport.start({ localhost: web.port });
  const { port, rootFile, environment } = oneport;
  const script = `console.log(await (await fetch("https://localhost:${port}/hello")).text())`;
  const fetched = (more: NodeJS.ProcessEnv) =>
    run(process.execPath, ["--input-type=module", "--eval", script], { ...environment, ...more });
  const trusting = await fetched({ NODE_EXTRA_CA_CERTS: rootFile });
  const hello = `Hello from the web service, asked as localhost:${port}`;
  assert.equal(trusting.output.trim(), hello, trusting.errors);
  const wary = await fetched({});
  assert.match(wary.errors, /SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT_LOCALLY/);
});
