/** openssl against the command line: certificates, versions, resumption, ALPN and alerts as its s_client sees them. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startLineService, startSecureService, startWebService } from "../sample/services.ts";
import { Oneport } from "./oneport.ts";
import { run } from "./program.ts";

test("openssl", async (t) => {
  await using web = await startWebService(0);
  await using lines = await startLineService(0);
  await using secure = await startSecureService(0);
  await using oneport = await Oneport.start({
    "web.localhost": web.port,
    "lines.localhost": `tcp://localhost:${lines.port}`,
    "secure.localhost": `tls://localhost:${secure.port}`,
  });
  const { rootFile, environment, folder, port } = oneport;
  const openssl = (arguments_: readonly string[], typed = "") =>
    run("openssl", arguments_, environment, typed);
  /** A session with `name`: what is typed into it, and how it differs from the plain one. */
  const client = (name: string, typed: string, ...options: string[]) => {
    const place = ["-connect", `127.0.0.1:${port}`, "-servername", name, "-CAfile", rootFile];
    return openssl(["s_client", ...place, ...options], typed);
  };
  const strict = ["-quiet", "-verify_return_error", "-verify_quiet"];
  const conversation = "Welcome to the line service\nHELLO\nBYE\n";

  for (const version of ["-tls1_2", "-tls1_3"]) {
    await t.test(`speaks ${version.slice(1)} to a TCP service, whose name it verifies`, async () => {
      const verified = [...strict, "-verify_hostname", "lines.localhost"];
      const { output, errors } = await client("lines.localhost", "hello\nbye\n", version, ...verified);
      assert.equal(output, conversation, errors);
    });

    await t.test(`resumes its session with ${version.slice(1)}`, async () => {
      const session = join(folder, `session${version}`);
      const first = await client("lines.localhost", "bye\n", version, "-ign_eof", "-sess_out", session);
      assert.match(first.output, /^New, TLSv1/m);
      const second = await client("lines.localhost", "bye\n", version, "-ign_eof", "-sess_in", session);
      assert.match(second.output, /^Reused, TLSv1/m);
      assert.match(second.output, /^BYE$/m);
    });
  }

  await t.test("reconnects five times with the session of the first", async () => {
    const { output } = await client("lines.localhost", "bye\n", "-tls1_2", "-reconnect", "-ign_eof");
    assert.equal(output.match(/^New, TLSv1\.2/gm)?.length, 1);
    assert.equal(output.match(/^Reused, TLSv1\.2/gm)?.length, 5);
  });

  await t.test("finds a chain that stands up to the strictest check, for one name alone", async () => {
    const { output } = await client("lines.localhost", "", "-showcerts");
    const [leaf = "", ...chain] = certificatesIn(output);
    const leafFile = join(folder, "leaf.pem");
    const chainFile = join(folder, "chain.pem");
    await writeFile(leafFile, leaf);
    await writeFile(chainFile, chain.join("\n"));
    const verify = (...options: string[]) =>
      openssl(["verify", "-x509_strict", "-CAfile", rootFile, "-untrusted", chainFile, ...options, leafFile]);
    const good = await verify("-purpose", "sslserver", "-verify_hostname", "lines.localhost");
    assert.equal(good.output, `${leafFile}: OK\n`, good.errors);
    const other = await verify("-verify_hostname", "web.localhost");
    assert.match(other.errors, /[Hh]ostname mismatch/);
    assert.equal(new X509Certificate(leaf).subjectAltName, "DNS:lines.localhost");
  });

  await t.test("sees the service's own certificate where TLS passes through", async () => {
    const { output } = await client("secure.localhost", "GET / HTTP/1.0\r\n\r\n", "-ign_eof", "-showcerts");
    const shown = certificatesIn(output).map((pem) => new X509Certificate(pem).fingerprint256);
    assert.deepEqual(shown, [secure.certificate.fingerprint256]);
    assert.match(output, /Hello from the secure service/);
  });

  for (const { name, offers, agreed } of [
    { name: "web.localhost", offers: "h2,http/1.1", agreed: "ALPN protocol: h2" },
    { name: "web.localhost", offers: "http/1.1", agreed: "ALPN protocol: http/1.1" },
    { name: "lines.localhost", offers: "postgresql", agreed: "ALPN protocol: postgresql" },
    { name: "lines.localhost", offers: "h2,http/1.1", agreed: "ALPN protocol: http/1.1" },
  ]) {
    await t.test(`offers ${offers} to ${name} and hears "${agreed}"`, async () => {
      const { output } = await client(name, "", "-alpn", offers);
      assert.ok(output.includes(`\n${agreed}\n`), output);
    });
  }

  for (const { what, name, options, alert } of [
    { what: "a name without a route", name: "nowhere.localhost", options: [], alert: "unrecognized name" },
    {
      what: "a protocol the web service does not speak",
      name: "web.localhost",
      options: ["-alpn", "smtp"],
      alert: "no application protocol",
    },
    { what: "a version long gone", name: "web.localhost", options: ["-tls1_1"], alert: "protocol version" },
  ]) {
    await t.test(`is told "${alert}" for ${what}`, async () => {
      const weakest = ["-cipher", "DEFAULT@SECLEVEL=0"];
      const { status, errors } = await client(name, "", ...weakest, ...options);
      assert.equal(status, 1);
      assert.ok(errors.includes(`alert ${alert}`) || errors.includes(`tlsv1 ${alert}`), errors);
    });
  }
});

function certificatesIn(output: string): readonly string[] {
  return output.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}
