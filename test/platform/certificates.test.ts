/** The store of certificates, over real handshakes and real files. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { connect, createServer } from "node:tls";
import { makeAuthority, makeLeaf } from "../../src/core/authority.ts";
import { OneportError } from "../../src/core/errors.ts";
import { makeSelfSigned } from "../../src/core/self-signed.ts";
import { readAuthority } from "../../src/platform/authority-files.ts";
import { Certificates } from "../../src/platform/certificates.ts";

const day = 86_400_000;
const authorityMode = { mode: "authority", files: [] } as const;
const selfSignedMode = { mode: "selfSigned", files: [] } as const;
const posixModes = { skip: process.platform === "win32" ? "Windows has no such modes" : false };

let folder: string;
let now: Date;
const clock = () => now;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "oneport-certificates-"));
  now = new Date();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The certificate that a client is shown for each of the names, asked for all at once. */
async function shown(certificates: Certificates, ...names: string[]): Promise<X509Certificate[]> {
  const server = createServer({
    SNICallback: (name, done) => {
      certificates.contextFor(name).then((context) => done(null, context), done);
    },
  });
  server.on("tlsClientError", () => {}); // The client's own error is what a test looks at.
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert(address !== null && typeof address === "object");
  const ask = async (servername: string) => {
    const socket = connect({ host: "127.0.0.1", port: address.port, servername, rejectUnauthorized: false });
    try {
      await once(socket, "secureConnect");
      const certificate = socket.getPeerX509Certificate();
      assert(certificate);
      return certificate;
    } finally {
      socket.destroy();
    }
  };
  try {
    return await Promise.all(names.map(ask));
  } finally {
    server.close();
  }
}

async function shownOne(certificates: Certificates, name: string): Promise<X509Certificate> {
  const [certificate] = await shown(certificates, name);
  assert(certificate);
  return certificate;
}

async function issuer(): Promise<X509Certificate> {
  return new X509Certificate(await readFile(join(folder, "ca", "issuer.crt")));
}

function failsWith(code: string) {
  return (error: unknown) => {
    assert.ok(error instanceof OneportError, String(error));
    assert.equal(error.problem.code, code);
    assert.notEqual(error.problem.remedy, "");
    return true;
  };
}

describe("the authority on disk", () => {
  test("is made once by many who start at the same moment in one process", async () => {
    const all = Array.from({ length: 8 }, () => new Certificates(folder, authorityMode));
    const files = await Promise.all(all.map((each) => each.rootCertificateFile()));
    assert.deepEqual(new Set(files), new Set([join(folder, "ca", "root.crt")]));
    assert.deepEqual(await readdir(folder), ["ca"]);
    const signer = await issuer();
    for (const each of all) assert.ok((await shownOne(each, "app.test")).verify(signer.publicKey));
  });

  test("is made once by several processes that start at the same moment", async () => {
    const module = JSON.stringify(new URL("../../src/platform/certificates.ts", import.meta.url).href);
    const program = `
      const { Certificates } = await import(${module});
      const certificates = new Certificates(${JSON.stringify(folder)}, { mode: "authority", files: [] });
      process.stdout.write("ready ");
      await new Promise((go) => process.stdin.once("data", go));
      process.stdin.destroy();
      const { readFile } = await import("node:fs/promises");
      process.stdout.write(await readFile(await certificates.rootCertificateFile(), "utf8"));`;
    const children = Array.from({ length: 4 }, () =>
      spawn(process.execPath, ["--input-type=module", "--eval", program], {
        stdio: ["pipe", "pipe", "inherit"],
      }),
    );
    try {
      const outputs = children.map(() => "");
      await Promise.all(
        children.map(async (child, i) => {
          child.stdout.setEncoding("utf8").on("data", (text) => {
            outputs[i] += text;
          });
          await once(child.stdout, "data");
        }),
      );
      const ends = children.map((child) => once(child, "close"));
      for (const child of children) child.stdin.write("go");
      assert.deepEqual(await Promise.all(ends), Array(4).fill([0, null]));
      const root = await readFile(join(folder, "ca", "root.crt"), "utf8");
      assert.deepEqual(outputs, Array(4).fill(`ready ${root}`));
      assert.deepEqual(await readdir(folder), ["ca"]);
    } finally {
      for (const child of children) child.kill();
    }
  });

  test("holds the issuer's key and no root key anywhere, for this user only", posixModes, async () => {
    const certificates = new Certificates(folder, authorityMode);
    const root = new X509Certificate(await readFile(await certificates.rootCertificateFile()));
    await shown(certificates, "app.test", "api.test");
    const files = await readdir(folder, { recursive: true, withFileTypes: true });
    let keys = 0;
    for (const file of files) {
      const path = join(file.parentPath, file.name);
      assert.equal((await stat(path)).mode & 0o777, file.isDirectory() ? 0o700 : 0o600, path);
      const text = file.isDirectory() ? "" : await readFile(path, "utf8");
      for (const [pem] of text.matchAll(/-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]+-----END [A-Z ]*-----/g)) {
        assert.equal(root.checkPrivateKey(createPrivateKey(pem)), false);
        keys++;
      }
    }
    assert.equal(keys, 3);
  });

  test("that is damaged is an error, not a new authority, and works again once it is repaired", async () => {
    await new Certificates(folder, authorityMode).rootCertificateFile();
    const other = await makeAuthority(now);
    for (const [file, content] of [
      ["root.crt", "not a certificate"],
      ["issuer.crt", other.issuerCertificate],
      ["issuer.key", other.issuerKey],
      ["issuer.key", ""],
    ] as const) {
      const path = join(folder, "ca", file);
      const sound = await readFile(path);
      await writeFile(path, content);
      const certificates = new Certificates(folder, authorityMode);
      await assert.rejects(certificates.contextFor("app.test"), failsWith("authority-damaged"));
      await assert.rejects(certificates.rootCertificateFile(), failsWith("authority-damaged"));
      const problems = await certificates.problemsFor("app.test");
      assert.deepEqual(
        problems.map(({ code }) => code),
        ["authority-damaged"],
      );
      assert.equal(await readFile(path, "utf8"), content);
      await writeFile(path, sound);
      assert.ok((await shownOne(certificates, "app.test")).verify((await issuer()).publicKey));
    }
    await rm(join(folder, "ca", "issuer.key"));
    await assert.rejects(
      new Certificates(folder, authorityMode).contextFor("app.test"),
      failsWith("authority-damaged"),
    );
  });

  test("that has expired is an error, also while running", async () => {
    const certificates = new Certificates(folder, authorityMode, clock);
    await certificates.contextFor("app.test");
    now = new Date(now.getTime() + 3650 * day);
    await assert.rejects(certificates.contextFor("app.test"), failsWith("authority-expired"));
    const problems = await certificates.problemsFor("app.test");
    assert.deepEqual(
      problems.map(({ code }) => code),
      ["authority-expired"],
    );
  });

  test("that was made while the clock was ahead is an error that names both ways out", async () => {
    const ahead = now.getTime() + 400 * day;
    await new Certificates(folder, authorityMode, () => new Date(ahead)).rootCertificateFile();
    const certificates = new Certificates(folder, authorityMode, clock);
    await assert.rejects(certificates.contextFor("app.test"), failsWith("authority-not-yet-valid"));
    const [problem] = await certificates.problemsFor("app.test");
    assert.match(
      problem?.remedy ?? "",
      /^Set this machine's clock if it is behind\. If it was ahead .* delete /,
    );
    now = new Date(ahead);
    assert.equal((await shownOne(certificates, "app.test")).checkHost("app.test"), "app.test");
  });

  test("that another process replaced signs from then on, without a restart", async () => {
    const certificates = new Certificates(folder, authorityMode, clock);
    await shownOne(certificates, "app.test");
    await rm(join(folder, "ca"), { recursive: true });
    await new Certificates(folder, authorityMode).rootCertificateFile();
    now = new Date(now.getTime() + 1000);
    assert.ok((await shownOne(certificates, "app.test")).verify((await issuer()).publicKey));
  });

  test("that could not be made is tried again", async () => {
    const state = join(folder, "state");
    await writeFile(state, "a file where the folder should be");
    const certificates = new Certificates(state, authorityMode);
    await assert.rejects(certificates.contextFor("app.test"));
    await rm(state);
    assert.equal((await shownOne(certificates, "app.test")).subjectAltName, "DNS:app.test");
  });
});

describe("a leaf", () => {
  test("is made once for handshakes that come together, and kept for the next process", async () => {
    const names = Array.from({ length: 24 }, (_, i) => (i % 2 ? "app.test" : "my_api.test"));
    const all = await shown(new Certificates(folder, authorityMode), ...names);
    assert.deepEqual(
      all.map(({ subjectAltName }) => subjectAltName),
      names.map((name) => `DNS:${name}`),
    );
    assert.equal(new Set(all.map(({ serialNumber }) => serialNumber)).size, 2);
    const [again] = await shown(new Certificates(folder, authorityMode), "my_api.test");
    assert.equal(again?.serialNumber, all[0]?.serialNumber);
  });

  test("is made for addresses and for names that file systems dislike", async () => {
    const certificates = new Certificates(folder, authorityMode);
    const long = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(50)}.test`;
    for (const name of ["con.test", "nul", long, "127.0.0.1", "::1", "0:0:0:0:0:0:0:1"]) {
      await certificates.contextFor(name);
    }
    const leaves = await readdir(join(folder, "leaves"));
    assert.equal(leaves.length, 5);
    for (const leaf of leaves) assert.match(leaf, /^[0-9a-f]{32}\.pem$/);
  });

  test("is not made for what is no name", async () => {
    const certificates = new Certificates(folder, authorityMode);
    for (const name of [
      "",
      ".",
      "a..test",
      "*.test",
      "A.test",
      "a b.test",
      "a.test.",
      "../x.test",
      "CN=x,O=y.test",
    ]) {
      await assert.rejects(certificates.contextFor(name), failsWith("name-not-certifiable"), name);
    }
    assert.deepEqual(await readdir(folder), []);
  });

  test("is renewed at two thirds of its life, at the next handshake", async () => {
    const certificates = new Certificates(folder, authorityMode, clock);
    const start = now.getTime();
    const first = await shownOne(certificates, "app.test");
    now = new Date(start + 264 * day - 2 * 3_600_000);
    assert.equal((await shownOne(certificates, "app.test")).serialNumber, first.serialNumber);
    now = new Date(start + 264 * day);
    const renewed = await shown(certificates, "app.test", "app.test", "app.test");
    assert.equal(new Set(renewed.map(({ serialNumber }) => serialNumber)).size, 1);
    assert.notEqual(renewed[0]?.serialNumber, first.serialNumber);
    const next = new Certificates(folder, authorityMode, clock);
    assert.equal((await shownOne(next, "app.test")).serialNumber, renewed[0]?.serialNumber);
  });

  test("that was made while the clock was ahead is made again once the clock is right", async () => {
    const certificates = new Certificates(folder, authorityMode, clock);
    await certificates.rootCertificateFile();
    const right = now;
    now = new Date(right.getTime() + 30 * day);
    await shownOne(certificates, "app.test");
    now = right;
    const leaf = await shownOne(certificates, "app.test");
    assert.ok(Date.parse(leaf.validFrom) <= right.getTime(), leaf.validFrom);
  });

  test("on disk that is cut short, mixed up, of another name or expired is made again", async () => {
    const first = await shownOne(new Certificates(folder, authorityMode), "app.test");
    const [file] = await readdir(join(folder, "leaves"));
    const path = join(folder, "leaves", `${file}`);
    const sound = await readFile(path, "utf8");
    const { authority } = await readAuthority(join(folder, "ca"));
    const make = async (name: string, at: Date) => {
      const { chain, key } = await makeLeaf(authority, name, at);
      return chain + key;
    };
    const otherKey = (await makeSelfSigned("app.test", now)).key;
    const { chain, key } = await makeSelfSigned("app.test", now);
    for (const bad of [
      "",
      sound.slice(0, 300),
      sound.slice(0, -100),
      sound.slice(0, sound.indexOf("-----BEGIN PRIVATE KEY")) + otherKey,
      chain + key,
      await make("api.test", now),
      await make("app.test", new Date(now.getTime() - 300 * day)),
      await make("app.test", new Date(now.getTime() + 2 * day)),
    ]) {
      await writeFile(path, bad);
      const leaf = await shownOne(new Certificates(folder, authorityMode), "app.test");
      assert.equal(leaf.subjectAltName, "DNS:app.test");
      assert.ok(leaf.verify((await issuer()).publicKey));
      assert.notEqual(leaf.serialNumber, first.serialNumber);
      assert.ok(!bad.includes(leaf.toString()));
      assert.ok((await readFile(path, "utf8")).startsWith(leaf.toString()));
    }
  });

  test("serves from memory when it cannot be kept, and says so", async () => {
    await writeFile(join(folder, "leaves"), "a file where the folder should be");
    const certificates = new Certificates(folder, authorityMode);
    const first = await shownOne(certificates, "app.test");
    assert.equal((await shownOne(certificates, "app.test")).serialNumber, first.serialNumber);
    const problems = await certificates.problemsFor("app.test");
    assert.deepEqual(
      problems.map(({ code }) => code),
      ["state-not-writable"],
    );
    await rm(join(folder, "leaves"));
    await certificates.contextFor("api.test");
    assert.deepEqual(await certificates.problemsFor("app.test"), []);
  });

  test("takes its place on disk from the oldest when very many names are asked for", async () => {
    const leaves = join(folder, "leaves");
    await mkdir(leaves);
    await Promise.all(
      Array.from({ length: 1000 }, async (_, i) => {
        await writeFile(join(leaves, `${i}.pem`), "");
        await utimes(join(leaves, `${i}.pem`), i, i);
      }),
    );
    await new Certificates(folder, authorityMode).contextFor("app.test");
    const left = await readdir(leaves);
    assert.equal(left.length, 500);
    assert.ok(left.some((name) => name.length > 10));
    assert.ok(left.includes("999.pem") && !left.includes("500.pem"));
  });

  test("is forgotten in memory when 250 other names came after it", async () => {
    let at = Date.now();
    const certificates = new Certificates(folder, authorityMode, () => new Date(at));
    const kept = await certificates.contextFor("kept.test");
    const forgotten = await certificates.contextFor("forgotten.test");
    for (let i = 0; i < 249; i++) {
      // What was answered within a second is not counted as asked for again.
      at += 1000;
      await certificates.contextFor(`n${i}.test`);
      assert.equal(await certificates.contextFor("kept.test"), kept);
    }
    assert.notEqual(await certificates.contextFor("forgotten.test"), forgotten);
    assert.equal(await certificates.contextFor("kept.test"), kept);
  });
});

describe("a name outside the authority", () => {
  test("gets a self-signed certificate and a problem that says what to do", async () => {
    const certificates = new Certificates(folder, authorityMode);
    const leaf = await shownOne(certificates, "shop.example.com");
    assert.equal(leaf.subjectAltName, "DNS:shop.example.com");
    assert.ok(leaf.verify(leaf.publicKey));
    const [problem, ...more] = await certificates.problemsFor("shop.example.com");
    assert.deepEqual(more, []);
    assert.equal(problem?.code, "outside-authority");
    assert.match(`${problem?.message}`, /^shop\.example\.com /);
    assert.match(`${problem?.remedy}`, /oneport\.certificateFiles/);
    assert.deepEqual(await certificates.problemsFor("shop.test"), []);
    assert.deepEqual(await readdir(folder), ["leaves"]);
  });
});

describe("self-signed certificates", () => {
  test("are one for each domain, kept, renewed, and need no authority", async () => {
    const certificates = new Certificates(folder, selfSignedMode, clock);
    const all = await shown(certificates, "app.test", "shop.example.com", "app.test");
    for (const leaf of all) assert.ok(leaf.verify(leaf.publicKey));
    assert.deepEqual(
      all.map(({ subjectAltName }) => subjectAltName),
      ["DNS:app.test", "DNS:shop.example.com", "DNS:app.test"],
    );
    assert.equal(all[0]?.serialNumber, all[2]?.serialNumber);
    assert.deepEqual(await certificates.problemsFor("shop.example.com"), []);
    await assert.rejects(certificates.rootCertificateFile(), failsWith("no-authority"));
    assert.deepEqual(await readdir(folder), ["leaves"]);
    const next = new Certificates(folder, selfSignedMode, clock);
    assert.equal((await shownOne(next, "app.test")).serialNumber, all[0]?.serialNumber);
    now = new Date(now.getTime() + 264 * day);
    assert.notEqual((await shownOne(certificates, "app.test")).serialNumber, all[0]?.serialNumber);
  });

  test("give way to leaves and come back as the setting changes", async () => {
    const certificates = new Certificates(folder, selfSignedMode);
    const isSelfSigned = async () => {
      const leaf = await shownOne(certificates, "app.test");
      return leaf.verify(leaf.publicKey);
    };
    assert.equal(await isSelfSigned(), true);
    certificates.configure(authorityMode);
    assert.equal(await isSelfSigned(), false);
    certificates.configure(selfSignedMode);
    assert.equal(await isSelfSigned(), true);
    // An authority made before can still be found, to be untrusted.
    assert.equal(await certificates.rootCertificateFile(), join(folder, "ca", "root.crt"));
  });
});

describe("the user's own certificate", () => {
  test("wins over a minted leaf, and gives way to it when it expires", async () => {
    const { chain, key } = await makeSelfSigned("shop.test", new Date(now.getTime() - 390 * day));
    const file = join(folder, "own.pem");
    await writeFile(file, key + chain);
    const certificates = new Certificates(folder, { mode: "authority", files: [file] }, clock);
    const isOwn = async () => (await shownOne(certificates, "shop.test")).toString() === chain;
    assert.equal(await isOwn(), true);
    assert.deepEqual(await certificates.problemsFor("shop.test"), []);
    assert.deepEqual(await certificates.fileProblems(), []);
    now = new Date(now.getTime() + 10 * day);
    assert.equal(await isOwn(), false);
    for (const problems of [await certificates.problemsFor("shop.test"), await certificates.fileProblems()]) {
      assert.deepEqual(
        problems.map(({ code }) => code),
        ["certificate-not-valid"],
      );
    }
    assert.deepEqual(await certificates.problemsFor("api.test"), []);
  });

  test("is taken up and given back as the setting changes", async () => {
    const { chain, key } = await makeSelfSigned("shop.test", now);
    await writeFile(join(folder, "own.pem"), chain + key);
    const certificates = new Certificates(folder, authorityMode);
    assert.notEqual((await shownOne(certificates, "shop.test")).toString(), chain);
    certificates.configure({ mode: "authority", files: [join(folder, "own.pem")] });
    assert.equal((await shownOne(certificates, "shop.test")).toString(), chain);
    certificates.configure(authorityMode);
    assert.notEqual((await shownOne(certificates, "shop.test")).toString(), chain);
  });
});

test("no certificate library is loaded before a certificate must be made", async () => {
  const module = JSON.stringify(new URL("../../src/platform/certificates.ts", import.meta.url).href);
  const program = `
    const { Certificates } = await import(${module});
    const certificates = new Certificates(${JSON.stringify(folder)}, { mode: "authority", files: [] });
    await certificates.problemsFor("shop.example.com");
    const before = typeof Reflect.getMetadata;
    await certificates.rootCertificateFile();
    process.stdout.write(before + " " + typeof Reflect.getMetadata);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const output = await child.stdout.setEncoding("utf8").toArray();
  // Reflect.getMetadata is what the polyfill adds that comes with them.
  assert.equal(output.join(""), "undefined function");
});
