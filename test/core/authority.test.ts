/** The authority and its leaves, judged by the clients that will meet them. */

import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { connect } from "node:tls";
import { promisify } from "node:util";
import { type Authority, type Leaf, makeAuthority, makeLeaf } from "../../src/core/authority.ts";
import { canonicalAddress } from "../../src/core/domain.ts";
import { isWithinAuthority } from "../../src/core/local-names.ts";
import { makeSelfSigned } from "../../src/core/self-signed.ts";

const run = promisify(execFile);
const day = 86_400_000;

/** This process's environment without what would add trust of its own. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/CERT|CA_BUNDLE|CAINFO|JAVA_TOOL_OPTIONS/.test(name)),
);

/** For `skip`: why, when a program is not on this machine. */
function without(program: string, ...args: string[]): string | false {
  return spawnSync(program, args).error ? `${program} is not on this machine` : false;
}

async function serving(leaf: Leaf, host: string, use: (port: number) => Promise<void>): Promise<void> {
  const server = createServer({ cert: leaf.chain, key: leaf.key }, (_request, response) =>
    response.end("hello"),
  );
  server.on("tlsClientError", () => {}); // A client that rejects the certificate is what some tests ask for.
  server.listen(0, host);
  await once(server, "listening");
  const address = server.address();
  assert(address !== null && typeof address === "object");
  try {
    await use(address.port);
  } finally {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }
}

describe("the authority", () => {
  const now = new Date();
  let folder: string;
  let authority: Authority;
  let root: string;
  let good: Leaf;
  let outside: Leaf;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "oneport-authority-"));
    authority = await makeAuthority(now);
    root = join(folder, "root.crt");
    await writeFile(root, authority.rootCertificate);
    await writeFile(join(folder, "issuer.crt"), authority.issuerCertificate);
    good = await makeLeaf(authority, "app.test", now);
    // What somebody could sign who got hold of issuer.key.
    outside = await makeLeaf(authority, "www.wikipedia.org", now);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function verify(leaf: Leaf, ...options: string[]) {
    const file = join(folder, `${new X509Certificate(leaf.chain).serialNumber}.crt`);
    await writeFile(file, leaf.chain);
    const trust = ["-x509_strict", "-CAfile", root, "-untrusted", join(folder, "issuer.crt")];
    return run("openssl", ["verify", ...trust, "-no-CApath", "-purpose", "sslserver", ...options, file], {
      env: environment,
    });
  }

  test("gives PEM texts that end in one line feed", () => {
    for (const text of [...Object.values(authority), good.chain, good.key]) assert.match(text, /[^\n]\n$/);
  });

  test("gives leaves for one name, for a server, of at most 397 days, back-dated an hour", () => {
    const leaf = new X509Certificate(good.chain);
    assert.equal(leaf.subjectAltName, "DNS:app.test");
    assert.equal(leaf.ca, false);
    assert.deepEqual(leaf.keyUsage, ["1.3.6.1.5.5.7.3.1"]);
    assert.equal(leaf.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
    assert.match(leaf.toLegacyObject().serialNumber, /^[4-7][0-9A-F]{31}$/);
    const begins = Date.parse(leaf.validFrom);
    assert.ok(Math.abs(now.getTime() - 3_600_000 - begins) < 1000);
    assert.ok(Date.parse(leaf.validTo) + 1000 - begins <= 397 * day);
  });

  test("gives no leaf a longer life than its issuer's", async () => {
    const late = new Date(Date.parse(new X509Certificate(authority.issuerCertificate).validTo) - 10 * day);
    const leaf = new X509Certificate((await makeLeaf(authority, "app.test", late)).chain);
    assert.equal(leaf.validTo, new X509Certificate(authority.issuerCertificate).validTo);
  });

  test("differs in name and serial from another one", async () => {
    const [one, two] = [authority, await makeAuthority(now)].map(
      (each) => new X509Certificate(each.rootCertificate),
    );
    assert.notEqual(one?.subject, two?.subject);
    assert.notEqual(one?.serialNumber, two?.serialNumber);
  });

  test("gives leaves that openssl verify -x509_strict accepts", {
    skip: without("openssl", "version"),
  }, async () => {
    const names = [
      "app.test",
      "test",
      "localhost",
      "a.b.internal",
      "nas.home.arpa",
      "example",
      "my_app.test",
    ];
    names.push(`${"a".repeat(63)}.${"b".repeat(63)}.test`);
    for (const name of names) {
      await verify(await makeLeaf(authority, name, now), "-verify_hostname", name);
    }
    for (const address of ["127.0.0.1", "127.77.3.9", "::1"]) {
      await verify(await makeLeaf(authority, address, now), "-verify_ip", address);
    }
  });

  test("cannot vouch for names and addresses outside", { skip: without("openssl", "version") }, async () => {
    for (const name of ["www.wikipedia.org", "notatest", "test.org", "192.168.1.66", "::2", "128.0.0.1"]) {
      assert.equal(isWithinAuthority(name), false, name);
      await assert.rejects(verify(await makeLeaf(authority, name, now)), /permitted subtree violation/);
    }
  });

  test("constrains root and issuer alike, critically, and the issuer to one level", {
    skip: without("openssl", "version"),
  }, async () => {
    for (const [file, pathLength] of [
      ["root.crt", 1],
      ["issuer.crt", 0],
    ]) {
      const options = ["-in", join(folder, `${file}`), "-noout", "-ext", "basicConstraints,nameConstraints"];
      const { stdout } = await run("openssl", ["x509", ...options], { env: environment });
      assert.match(stdout, new RegExp(`Basic Constraints: critical\\s+CA:TRUE, pathlen:${pathLength}`));
      assert.match(stdout, /Name Constraints: critical\s+Permitted:\s+DNS:test\s+DNS:localhost\s/);
      assert.match(stdout, /IP:127\.0\.0\.0\/255\.0\.0\.0\s+IP:0:0:0:0:0:0:0:1\/FFFF:FFFF:/);
    }
  });

  test("is trusted by Node for a name, 127.0.0.1 and ::1", async () => {
    for (const [name, host] of [
      ["app.test", "127.0.0.1"],
      ["127.0.0.1", "127.0.0.1"],
      ["::1", "::1"],
    ] as const) {
      await serving(await makeLeaf(authority, name, now), host, async (port) => {
        const servername = canonicalAddress(name) ? {} : { servername: name };
        const socket = connect({ host, port, ca: authority.rootCertificate, ...servername });
        await once(socket, "secureConnect");
        assert.equal(socket.authorized, true);
        socket.destroy();
      });
    }
  });

  test("is not trusted by Node for a name outside", async () => {
    await serving(outside, "127.0.0.1", async (port) => {
      const options = {
        host: "127.0.0.1",
        port,
        ca: authority.rootCertificate,
        servername: "www.wikipedia.org",
      };
      const socket = connect(options);
      const [error] = await once(socket, "error");
      assert.match(String(error), /permitted subtree violation/);
    });
  });

  test("is trusted by curl, and not for a name outside", { skip: without("curl", "--version") }, async () => {
    const curl = (name: string, port: number) => {
      const options = ["-sS", "--noproxy", "*", "--cacert", root, "--resolve", `${name}:${port}:127.0.0.1`];
      return run("curl", [...options, `https://${name}:${port}/`], { env: environment });
    };
    await serving(good, "127.0.0.1", async (port) => {
      assert.equal((await curl("app.test", port)).stdout, "hello");
    });
    await serving(outside, "127.0.0.1", async (port) => {
      await assert.rejects(curl("www.wikipedia.org", port), /permitted subtree violation/);
    });
  });

  test("is trusted by Python, strictly", { skip: without("python3", "--version") }, async () => {
    const program = `
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])
context.verify_flags |= ssl.VERIFY_X509_STRICT
with context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[2]))), server_hostname="app.test") as s:
    print(s.getpeercert()["subjectAltName"])`;
    await serving(good, "127.0.0.1", async (port) => {
      const { stdout } = await run("python3", ["-c", program, root, `${port}`], { env: environment });
      assert.equal(stdout.trim(), "(('DNS', 'app.test'),)");
    });
  });

  test("is trusted by Java, and not for a name outside", { skip: without("java", "-version") }, async () => {
    const program = `
import java.io.*; import java.net.*; import java.security.*; import java.security.cert.*; import javax.net.ssl.*;
public class Client {
  public static void main(String[] args) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (InputStream in = new FileInputStream(args[0])) {
      store.setCertificateEntry("root", CertificateFactory.getInstance("X.509").generateCertificate(in));
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    for (int i = 1; i < args.length; i += 2) {
      Socket plain = new Socket("127.0.0.1", Integer.parseInt(args[i + 1]));
      try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(plain, args[i], 443, true)) {
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        System.out.println(args[i] + " accepted");
      } catch (SSLHandshakeException refusal) {
        System.out.println(args[i] + " rejected: " + refusal.getMessage());
      }
    }
  }
}`;
    const source = join(folder, "Client.java");
    await writeFile(source, program);
    await serving(good, "127.0.0.1", (goodPort) =>
      serving(outside, "127.0.0.1", async (outsidePort) => {
        const args = [source, root, "app.test", `${goodPort}`, "www.wikipedia.org", `${outsidePort}`];
        const { stdout } = await run("java", ["-XX:TieredStopAtLevel=1", ...args], { env: environment });
        assert.match(stdout, /^app\.test accepted$/m);
        assert.match(stdout, /^www\.wikipedia\.org rejected: .*name constraints/m);
      }),
    );
  });
});

describe("names", () => {
  test("within the authority are the constrained ones and all below them", () => {
    for (const name of [
      "test",
      "a.test",
      "a.b.localhost",
      "home.arpa",
      "x.home.arpa",
      "::1",
      "0:0::1",
      "127.9.9.9",
    ]) {
      assert.equal(isWithinAuthority(name), true, name);
    }
    for (const name of [
      "atest",
      "test.com",
      "arpa",
      "home.arpa.org",
      "",
      "10.0.0.1",
      "::",
      "127.0.0.1.org",
    ]) {
      assert.equal(isWithinAuthority(name), false, name);
    }
  });
});

describe("a self-signed certificate", () => {
  test("names one domain, is signed by its own key with SHA-256, and lives at most 397 days", async () => {
    const now = new Date();
    for (const [name, san] of [
      ["shop.example.com", "DNS:shop.example.com"],
      ["::1", "IP Address:0:0:0:0:0:0:0:1"],
    ] as const) {
      const { chain, key } = await makeSelfSigned(name, now);
      const certificate = new X509Certificate(chain);
      assert.equal(certificate.subjectAltName, san);
      assert.equal(certificate.subject, "CN=Oneport self-signed");
      assert.equal(certificate.ca, false);
      assert.ok(certificate.verify(certificate.publicKey));
      assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
      // ecdsa-with-SHA256, 1.2.840.10045.4.3.2
      assert.ok(certificate.raw.includes(Buffer.from("06082a8648ce3d040302", "hex")));
      assert.ok(Date.parse(certificate.validTo) + 1000 - Date.parse(certificate.validFrom) <= 397 * day);
      assert.match(chain, /-----END CERTIFICATE-----\n$/);
      assert.match(key, /-----END PRIVATE KEY-----\n$/);
    }
  });
});
