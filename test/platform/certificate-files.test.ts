/** The user's own PEM files, as the tools that make them leave them. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { connect, createServer, type SecureContext } from "node:tls";
import { type Leaf, makeAuthority, makeLeaf } from "../../src/core/authority.ts";
import { makeSelfSigned } from "../../src/core/self-signed.ts";
import { CertificateFiles } from "../../src/platform/certificate-files.ts";

const day = 86_400_000;
let folder: string;
let now: Date;
const clock = () => now;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "oneport-files-"));
  now = new Date();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(name: string, ...texts: string[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, texts.join(""));
  return path;
}

function daysAgo(days: number): Date {
  return new Date(now.getTime() - days * day);
}

/** Which of the names the files serve. */
async function served(files: CertificateFiles, ...names: string[]): Promise<string[]> {
  const contexts = await Promise.all(names.map((name) => files.contextFor(name)));
  return names.filter((_, i) => contexts[i] !== undefined);
}

/** What a client is shown by a server that has this context. */
async function shownBy(context: SecureContext | undefined): Promise<X509Certificate> {
  const server = createServer({ SNICallback: (_name, done) => done(null, context) });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert(address !== null && typeof address === "object");
  const to = { host: "127.0.0.1", port: address.port, servername: "shop.test" };
  const socket = connect({ ...to, rejectUnauthorized: false });
  try {
    await once(socket, "secureConnect");
    const certificate = socket.getPeerX509Certificate();
    assert(certificate);
    return certificate;
  } finally {
    socket.destroy();
    server.close();
  }
}

async function codes(problems: ReturnType<CertificateFiles["problems"]>): Promise<string[]> {
  return (await problems).map(({ code }) => code).sort();
}

describe("a PEM file", () => {
  let leaf: Leaf;
  beforeEach(async () => {
    leaf = await makeSelfSigned("shop.test", now);
  });

  test("serves its name, with the key before or after the certificate, and no other", async () => {
    for (const texts of [
      [leaf.chain, leaf.key],
      [leaf.key, leaf.chain],
    ]) {
      const files = new CertificateFiles([await write("own.pem", ...texts)], clock);
      assert.deepEqual(await served(files, "shop.test", "api.shop.test", "test"), ["shop.test"]);
      assert.deepEqual(await files.problems(), []);
    }
  });

  test("finds its key beside it as OpenSSL, mkcert and certbot users name it", async () => {
    for (const [certificate, key] of [
      ["shop.crt", "shop.key"],
      ["shop.test+2.pem", "shop.test+2-key.pem"],
      ["fullchain.pem", "privkey.pem"],
    ] as const) {
      const path = await write(certificate, leaf.chain);
      const files = new CertificateFiles([path], clock);
      assert.deepEqual(await codes(files.problemsFor("shop.test")), ["key-missing"]);
      await write(key, leaf.key);
      now = new Date(now.getTime() + 1000);
      assert.deepEqual(await served(files, "shop.test"), ["shop.test"], key);
    }
  });

  test("may hold its key in the older forms, with Windows line ends", async () => {
    const key = createPrivateKey(leaf.key).export({ type: "sec1", format: "pem" });
    const parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    const text = `${parameters}${key}${leaf.chain}`.replaceAll("\n", "\r\n");
    const files = new CertificateFiles([await write("own.pem", text)], clock);
    assert.deepEqual(await served(files, "shop.test"), ["shop.test"]);
  });

  test("serves IP addresses however they are spelt in it", async () => {
    const { chain, key } = await makeSelfSigned("::1", now);
    const files = new CertificateFiles([await write("own.pem", chain, key)], clock);
    assert.deepEqual(await served(files, "::1", "127.0.0.1"), ["::1"]);
  });

  test("that is of no use is a problem, and the rest works", async () => {
    const other = await makeSelfSigned("other.test", now);
    const encrypted = createPrivateKey(leaf.key).export({
      type: "pkcs8",
      format: "pem",
      cipher: "aes-256-cbc",
      passphrase: "secret",
    });
    const traditional = createPrivateKey(leaf.key).export({
      type: "sec1",
      format: "pem",
      cipher: "aes-128-cbc",
      passphrase: "secret",
    });
    const paths = [
      await write("good.pem", other.chain, other.key),
      join(folder, "nowhere.pem"),
      await write("empty.pem"),
      await write("cut.pem", leaf.chain.slice(0, 200)),
      await write("keyless.pem", leaf.chain),
      await write("mismatch.pem", leaf.chain, other.key),
      await write("encrypted.pem", leaf.chain, encrypted.toString()),
      await write("traditional.pem", leaf.chain, traditional.toString()),
      await write("broken-key.pem", leaf.chain, leaf.key.slice(0, 80), "\n-----END PRIVATE KEY-----\n"),
    ];
    const files = new CertificateFiles(paths, clock);
    assert.deepEqual(await served(files, "other.test", "shop.test"), ["other.test"]);
    const ofTheKey = ["key-damaged", "key-encrypted", "key-encrypted", "key-mismatch", "key-missing"];
    assert.deepEqual(await codes(files.problemsFor("shop.test")), ofTheKey);
    assert.deepEqual(await files.problemsFor("other.test"), []);
    const ofTheFile = ["certificate-damaged", "certificate-missing", "certificate-unreadable"];
    assert.deepEqual(await codes(files.problems()), [...ofTheFile, ...ofTheKey]);
    for (const { message, remedy } of await files.problems()) {
      assert.ok(message.includes(folder));
      assert.notEqual(remedy, "");
    }
  });

  test("that changes is read again, without a restart", async () => {
    const path = await write("own.pem", leaf.chain, leaf.key);
    const files = new CertificateFiles([path], clock);
    const before = await files.contextFor("shop.test");
    const renewed = await makeSelfSigned("shop.test", now);
    // As certbot and careful editors do it: another file takes the name.
    await rename(await write("next", renewed.chain, renewed.key), path);
    assert.equal(await files.contextFor("shop.test"), before);
    now = new Date(now.getTime() + 1000);
    const after = await files.contextFor("shop.test");
    assert.notEqual(after, before);
    now = new Date(now.getTime() + 1000);
    assert.equal(await files.contextFor("shop.test"), after);
    await rm(path);
    now = new Date(now.getTime() + 1000);
    assert.equal(await files.contextFor("shop.test"), undefined);
    assert.deepEqual(await codes(files.problems()), ["certificate-unreadable"]);
  });

  test("that is renewed step by step serves what it held before, until it is whole again", async () => {
    const path = await write("own.crt", leaf.chain);
    await write("own.key", leaf.key);
    for (const given of [path, folder]) {
      const files = new CertificateFiles([given], clock);
      const before = await files.contextFor("shop.test");
      const renewed = await makeSelfSigned("shop.test", now);
      for (const [name, text, code] of [
        ["own.crt", "", "certificate-missing"],
        ["own.crt", renewed.chain.slice(0, 200), "certificate-damaged"],
        ["own.crt", renewed.chain, "key-mismatch"],
        ["own.key", renewed.key.slice(0, 80), "key-damaged"],
      ] as const) {
        await write(name, text);
        now = new Date(now.getTime() + 1000);
        assert.equal(await files.contextFor("shop.test"), before, code);
        assert.deepEqual(await codes(files.problems()), [code]);
      }
      await write("own.key", renewed.key);
      now = new Date(now.getTime() + 1000);
      const fingerprint = new X509Certificate(renewed.chain).fingerprint256;
      assert.equal((await shownBy(await files.contextFor("shop.test"))).fingerprint256, fingerprint);
      assert.deepEqual(await files.problems(), []);
    }
  });

  test("is read once for look-ups that come together", async () => {
    const files = new CertificateFiles([await write("own.pem", leaf.chain, leaf.key)], clock);
    const contexts = await Promise.all(Array.from({ length: 10 }, () => files.contextFor("shop.test")));
    assert.equal(new Set(contexts).size, 1);
  });
});

describe("among several certificates", () => {
  test("a wildcard stands for one label, and an exact name goes before it", async () => {
    const wildcard = await makeSelfSigned("*.shop.test", now);
    const exact = await makeSelfSigned("api.shop.test", daysAgo(5));
    const files = new CertificateFiles(
      [
        await write("wildcard.pem", wildcard.chain, wildcard.key),
        await write("exact.pem", exact.chain, exact.key),
      ],
      clock,
    );
    const names = [
      "a.shop.test",
      "my_app.shop.test",
      "api.shop.test",
      "shop.test",
      "a.b.shop.test",
      "localhost",
    ];
    assert.deepEqual(await served(files, ...names), ["a.shop.test", "my_app.shop.test", "api.shop.test"]);
    const of = (name: string) => files.contextFor(name);
    assert.equal(await of("a.shop.test"), await of("b.shop.test"));
    assert.notEqual(await of("api.shop.test"), await of("a.shop.test"));
    // Once the exact one has expired, the wildcard does.
    now = new Date(now.getTime() + 393 * day);
    assert.equal(await of("api.shop.test"), await of("a.shop.test"));
    assert.notEqual(await of("api.shop.test"), undefined);
  });

  test("the newest that is valid is taken", async () => {
    const paths: string[] = [];
    const serials: string[] = [];
    for (const days of [20, 500, 10, -10]) {
      const { chain, key } = await makeSelfSigned("shop.test", daysAgo(days));
      paths.push(await write(`${days}.pem`, chain, key));
      serials.push(new X509Certificate(chain).serialNumber);
    }
    const files = new CertificateFiles(paths, clock);
    const serial = async () => (await shownBy(await files.contextFor("shop.test"))).serialNumber;
    assert.equal(await serial(), serials[2]);
    assert.deepEqual(await codes(files.problems()), ["certificate-not-valid", "certificate-not-valid"]);
    assert.deepEqual(await files.problemsFor("shop.test"), []);
    now = daysAgo(-10);
    assert.equal(await serial(), serials[3]);
    now = daysAgo(25);
    assert.equal(await serial(), serials[0]);
  });

  test("those not valid now are told for their own names only", async () => {
    const { chain, key } = await makeSelfSigned("*.shop.test", daysAgo(500));
    const files = new CertificateFiles([await write("old.pem", chain, key)], clock);
    assert.deepEqual(await served(files, "a.shop.test"), []);
    assert.deepEqual(await codes(files.problemsFor("a.shop.test")), ["certificate-not-valid"]);
    assert.deepEqual(await files.problemsFor("shop.test"), []);
  });
});

describe("a folder", () => {
  test("gives every certificate that has a key, and passes over what else lies there", async () => {
    const [one, two] = [await makeSelfSigned("one.test", now), await makeSelfSigned("two.test", now)];
    const authority = await makeAuthority(now);
    await write("one.crt", one.chain);
    await write("one.key", one.key);
    await write("two.pem", two.chain);
    await write("two-key.pem", two.key);
    await write("authority.pem", authority.rootCertificate);
    await write("parameters.pem", "-----BEGIN DH PARAMETERS-----\n-----END DH PARAMETERS-----\n");
    await write("readme.txt", "notes");
    await mkdir(join(folder, "more"));
    const files = new CertificateFiles([folder], clock);
    assert.deepEqual(await served(files, "one.test", "two.test"), ["one.test", "two.test"]);
    assert.deepEqual(await files.problems(), []);

    const three = await makeSelfSigned("three.test", now);
    await write("three.cer", three.chain);
    now = new Date(now.getTime() + 1000);
    assert.deepEqual(await codes(files.problems()), ["key-missing"]);
    await write("three.key", three.key);
    now = new Date(now.getTime() + 1000);
    assert.deepEqual(await served(files, "three.test"), ["three.test"]);
  });

  test("may hold more files than a process may have open", {
    skip: process.platform === "win32" ? "only POSIX limits open files" : false,
  }, async () => {
    const { chain, key } = await makeSelfSigned("shop.test", now);
    for (let i = 0; i < 150; i++) {
      await write(`${i}.crt`, chain);
      await write(`${i}.key`, key);
    }
    const module = new URL("../../src/platform/certificate-files.ts", import.meta.url).href;
    const script = `
      const { CertificateFiles } = await import(${JSON.stringify(module)});
      const files = new CertificateFiles([${JSON.stringify(folder)}], () => new Date());
      console.log(JSON.stringify(await files.problems()));`;
    const limited = `ulimit -n 64; exec "$0" --input-type=module --eval "$1"`;
    const told = execFileSync("sh", ["-c", limited, process.execPath, script], { encoding: "utf8" });
    assert.deepEqual(JSON.parse(told), []);
  });

  test("of certbot serves the chain, and its renewal through links", {
    skip: process.platform === "win32" ? "certbot links files on POSIX systems" : false,
  }, async () => {
    const [archive, live] = [join(folder, "archive"), join(folder, "live")];
    await mkdir(archive);
    await mkdir(live);
    const authority = await makeAuthority(now);
    const renew = async (generation: number) => {
      const { chain, key } = await makeLeaf(authority, "shop.test", now);
      const certificate = chain.slice(0, chain.length - authority.issuerCertificate.length);
      const contents = {
        cert: certificate,
        chain: authority.issuerCertificate,
        fullchain: chain,
        privkey: key,
      };
      for (const [name, content] of Object.entries(contents)) {
        const target = join(archive, `${name}${generation}.pem`);
        await writeFile(target, content);
        await rm(join(live, `${name}.pem`), { force: true });
        await symlink(target, join(live, `${name}.pem`));
      }
    };
    await renew(1);
    const files = new CertificateFiles([live], clock);
    const first = await files.contextFor("shop.test");
    const issuer = new X509Certificate(authority.issuerCertificate);
    assert.equal((await shownBy(first)).issuerCertificate?.serialNumber, issuer.serialNumber);
    assert.deepEqual(await files.problems(), []);
    const alone = new CertificateFiles([join(live, "fullchain.pem")], clock);
    assert.notEqual(await alone.contextFor("shop.test"), undefined);
    now = new Date(now.getTime() + 60 * day);
    await renew(2);
    assert.notEqual(await files.contextFor("shop.test"), first);
    assert.deepEqual(await files.problems(), []);
  });

  test("that is not there is a problem until it is", async () => {
    const later = join(folder, "later");
    const files = new CertificateFiles([later], clock);
    assert.deepEqual(await codes(files.problems()), ["certificate-unreadable"]);
    const { chain, key } = await makeSelfSigned("shop.test", now);
    await mkdir(later);
    await copyFile(await write("own.pem", chain, key), join(later, "own.pem"));
    now = new Date(now.getTime() + 1000);
    assert.deepEqual(await served(files, "shop.test"), ["shop.test"]);
    assert.deepEqual(await files.problems(), []);
  });
});

test("a key that TLS holds too weak is a problem", async () => {
  const { X509CertificateGenerator, SubjectAlternativeNameExtension } = await import("@peculiar/x509");
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: "CN=weak",
    keys: {
      publicKey: publicKey.toCryptoKey(algorithm, true, ["verify"]),
      privateKey: privateKey.toCryptoKey(algorithm, true, ["sign"]),
    },
    extensions: [new SubjectAlternativeNameExtension([{ type: "dns", value: "weak.test" }])],
  });
  const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const path = await write("weak.pem", certificate.toString("pem"), "\n", key);
  const files = new CertificateFiles([path], clock);
  assert.deepEqual(await served(files, "weak.test"), []);
  assert.deepEqual(await codes(files.problemsFor("weak.test")), ["certificate-refused"]);
});
