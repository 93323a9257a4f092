/** What the elevated program may be asked to do, and all that it must refuse. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeAuthority } from "../../src/core/authority.ts";
import { decodeStep, type ElevatedStep, encodeStep, sha256Of } from "../../src/core/elevated-step.ts";

const sha256 = sha256Of(Buffer.from("127.0.0.1 localhost\n"));
const { rootCertificate, issuerCertificate } = await makeAuthority(new Date());

function hosts(entries: readonly (readonly [string, string])[], consented: string[] = []): ElevatedStep {
  return {
    do: "hosts",
    entries: entries.map(([address, name]) => ({ address, name })),
    consented,
    sha256,
  };
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

async function codeOf(argument: string): Promise<string> {
  const decoded = await decodeStep(argument);
  return decoded.ok ? "ok" : decoded.error.code;
}

test("every step comes out of one argument as it went in", async () => {
  const steps: readonly ElevatedStep[] = [
    hosts([]),
    hosts([
      ["127.0.0.1", "shop.test"],
      ["::1", "shop.test"],
      ["127.77.3.254", "db.shop.test"],
    ]),
    hosts([["127.0.0.1", "shop.com"]], ["shop.com"]),
    { do: "trust", certificate: rootCertificate, consented: [] },
    { do: "untrust", certificates: [rootCertificate] },
    { do: "allow-443", persist: true },
    { do: "restore-443" },
  ];
  for (const step of steps) {
    const argument = await encodeStep(step);
    assert.ok(argument.ok);
    assert.match(argument.value, /^[\w-]+$/);
    assert.deepEqual(await decodeStep(argument.value), { ok: true, value: step });
  }
});

test("an argument that is not one whole request of this version is refused", async () => {
  const step = { do: "restore-443" };
  const requests: readonly unknown[] = [
    undefined,
    null,
    [],
    "restore-443",
    { step },
    { version: 2, step },
    { version: "1", step },
    { version: 1 },
    { version: 1, step, path: "/etc/shadow" },
    { version: 1, step: { do: "restore-443", path: "/etc/shadow" } },
    { version: 1, step: { do: "shell", command: "id" } },
    { version: 1, step: { do: "__proto__" } },
    { version: 1, step: { do: "constructor" } },
    { version: 1, step: { do: "allow-443", persist: "yes" } },
    { version: 1, step: { do: "allow-443", persist: true, port: 22 } },
    { version: 1, step: { ...hosts([]), file: "/etc/shadow" } },
    { version: 1, step: { ...hosts([]), sha256: sha256.toUpperCase() } },
    { version: 1, step: { ...hosts([]), sha256: `${sha256}\n` } },
    { version: 1, step: { ...hosts([]), sha256: `0${sha256}` } },
    { version: 1, step: { ...hosts([]), entries: {} } },
    { version: 1, step: { do: "untrust", certificates: [] } },
  ];
  for (const request of requests) {
    const argument = request === undefined ? "" : encoded(request);
    assert.equal(await codeOf(argument), "step-invalid", JSON.stringify(request));
  }
  const good = encoded({ version: 1, step });
  assert.equal(await codeOf(good), "ok");
  for (const argument of [
    `=${good}`,
    `${good}=`,
    `${good} `,
    `${good}\n`,
    JSON.stringify({ version: 1, step }),
    "e30",
  ]) {
    assert.equal(await codeOf(argument), "step-invalid", argument);
  }
});

test("what would not fit on a command line is refused before it is read", async () => {
  const many = Array.from({ length: 3000 }, (_, index) => ["127.0.0.1", `shop${index}.test`] as const);
  const argument = await encodeStep(hosts(many));
  assert.ok(!argument.ok);
  assert.equal(argument.error.code, "step-too-large");
  assert.equal(await codeOf("A".repeat(50_000_000)), "step-too-large");
});

test("only addresses that Oneport gives to names are written", async () => {
  const strange = [
    "10.0.0.1",
    "127.0.0.2",
    "127.0.0.0",
    "127.77.0.0",
    "127.77.3.255",
    "127.77.256.1",
    "127.77.03.1",
    "127.77.3",
    "127.77.3.1.5",
    "127.77.3.1 ",
    "127.77.3.1\n10.0.0.1",
    "127.77.3.1#",
    "::",
    "0:0:0:0:0:0:0:1",
    "::ffff:127.0.0.1",
    "::1%lo",
    "2130706433",
    "",
  ];
  for (const address of strange) {
    const argument = await encodeStep(hosts([[address, "shop.test"]]));
    assert.ok(!argument.ok, address);
    assert.equal(argument.error.code, "step-invalid", address);
  }
});

test("only plain names are written", async () => {
  const strange = [
    "shop.test\n10.0.0.1 bank.com",
    "shop.test\r",
    "shop.test bank.com",
    "shop.test\tbank.com",
    "shop.test#",
    "#shop.test",
    "shop.test\0",
    "\u2028shop.test",
    "SHOP.test",
    "shop.test.",
    "*.test",
    "../shop.test",
    "a/b.test",
    "localhost",
    "shop.localhost",
    "10.0.0.1",
    "1.2",
    "-a.test",
    `${"a".repeat(64)}.test`,
    "",
  ];
  for (const name of strange) {
    const argument = await encodeStep(hosts([["127.0.0.1", name]], [name]));
    assert.ok(!argument.ok, JSON.stringify(name));
    assert.equal(argument.error.code, "hosts-entry", JSON.stringify(name));
  }
});

test("a name of the Internet needs the consent to that very name", async () => {
  const bank = [["127.0.0.1", "www.bank.com"]] as const;
  for (const consented of [[], ["bank.com"], ["com"], ["*.bank.com"], ["WWW.BANK.COM"]]) {
    assert.equal(await codeOf(encoded({ version: 1, step: hosts(bank, consented) })), "hosts-consent");
  }
  assert.equal(await codeOf(encoded({ version: 1, step: hosts(bank, ["www.bank.com"]) })), "ok");
});

test("only a root of Oneport's is trusted or removed", async () => {
  const trust = (certificate: string) =>
    codeOf(encoded({ version: 1, step: { do: "trust", certificate, consented: [] } }));
  const untrust = (certificates: readonly string[]) =>
    codeOf(encoded({ version: 1, step: { do: "untrust", certificates } }));
  for (const certificate of [issuerCertificate, "/etc/passwd", "", rootCertificate + issuerCertificate]) {
    assert.equal(await trust(certificate), "root-not-ours");
    assert.equal(await untrust([rootCertificate, certificate]), "step-invalid");
  }
});
