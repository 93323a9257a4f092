/** Domains as keys of routes, and names and authorities as they come over the wire. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalAddress, formatDomain, hostOf, normalizeName, parseDomain } from "../../src/core/domain.ts";

function formatted(text: string): string {
  const domain = parseDomain(text);
  return domain.ok ? formatDomain(domain.value) : domain.error.code;
}

const label63 = "a".repeat(63);
const name253 = `${label63}.${label63}.${label63}.${"b".repeat(61)}`;

test("a key is a name, a wildcard or the default", () => {
  assert.deepEqual(parseDomain("shop.test"), { ok: true, value: { kind: "exact", name: "shop.test" } });
  assert.deepEqual(parseDomain("*.shop.test"), {
    ok: true,
    value: { kind: "wildcard", parent: "shop.test" },
  });
  assert.deepEqual(parseDomain("*"), { ok: true, value: { kind: "default" } });
});

const goodKeys = {
  "Shop.TEST": "shop.test",
  "shop.test.": "shop.test",
  "*.Shop.test.": "*.shop.test",
  localhost: "localhost",
  "*.test": "*.test",
  "my_app.test": "my_app.test",
  "_dmarc.shop.test": "_dmarc.shop.test",
  "a--b.test": "a--b.test",
  "1.shop2.test": "1.shop2.test",
  "bücher.test": "xn--bcher-kva.test",
  "BÜCHER.test": "xn--bcher-kva.test",
  "*.bücher.test": "*.xn--bcher-kva.test",
  "😀.test": "xn--e28h.test",
  "shop。test": "shop.test",
  "xn--bcher-kva.test": "xn--bcher-kva.test",
  __proto__: "__proto__",
  constructor: "constructor",
  [`${label63}.test`]: `${label63}.test`,
  [name253]: name253,
  [`${name253}.`]: name253,
};

for (const [key, expected] of Object.entries(goodKeys)) {
  test(`the key ${key.slice(0, 30)} is read as ${expected.slice(0, 30)}`, () => {
    assert.equal(formatted(key), expected);
  });
}

const badKeys: readonly [key: string, code: string, remedy: string][] = [
  ["", "domain-empty", "Write a domain alone"],
  ["http://shop.test:80/x", "domain-scheme", 'Write "shop.test".'],
  ["shop.test/cart", "domain-path", 'Write "shop.test".'],
  ["shop.test?x", "domain-path", 'Write "shop.test".'],
  ["shop.test:8443", "domain-port", 'Write "shop.test".'],
  ["*:8443", "domain-port", 'Write "*".'],
  ["127.0.0.1", "domain-address", "Write a domain alone"],
  ["127.0.0.1:80", "domain-address", "Write a domain alone"],
  ["１２７.0.0.1", "domain-address", "Write a domain alone"],
  ["::1", "domain-address", "Write a domain alone"],
  ["[::1]:443", "domain-address", "Write a domain alone"],
  ["3000", "domain-number", "Write a domain alone"],
  ["shop.1", "domain-number", "Write a domain alone"],
  ["shop.0x1", "domain-number", "Write a domain alone"],
  ["*.*.test", "domain-wildcard", "Write a domain alone"],
  ["**", "domain-wildcard", "Write a domain alone"],
  ["a*.test", "domain-wildcard", "Write a domain alone"],
  ["a.*.test", "domain-wildcard", "Write a domain alone"],
  ["*test", "domain-wildcard", "Write a domain alone"],
  [" shop.test", "domain-character", 'Write "shop.test".'],
  ["my shop.test", "domain-character", "Write a domain alone"],
  ["shop\0.test", "domain-character", "Write a domain alone"],
  ["user@shop.test", "domain-character", "Write a domain alone"],
  ["a%2eb.test", "domain-character", "Write a domain alone"],
  ["ü\u00a0b.test", "domain-idn", "Write a domain alone"],
  ["\ud800.test", "domain-idn", "Write a domain alone"],
  ["a..test", "domain-label-empty", 'Write "a.test".'],
  ["shop.test..", "domain-label-empty", 'Write "shop.test".'],
  [".shop.test", "domain-label-empty", 'Write "shop.test".'],
  [".", "domain-label-empty", "Write a domain alone"],
  ["*.", "domain-label-empty", "Write a domain alone"],
  ["-shop.test", "domain-label-hyphen", "Write a domain alone"],
  ["shop-.test", "domain-label-hyphen", "Write a domain alone"],
  [`${label63}a.test`, "domain-label-long", "Write a domain alone"],
  [`ü${label63}.test`, "domain-label-long", "Write a domain alone"],
  [`${name253}b`, "domain-long", "Write a domain alone"],
  [`*.${name253}`, "domain-long", "Write a domain alone"],
];

for (const [key, code, remedy] of badKeys) {
  test(`the key ${JSON.stringify(key.slice(0, 30))} is refused as ${code}`, () => {
    const domain = parseDomain(key);
    assert.ok(!domain.ok);
    assert.equal(domain.error.code, code);
    assert.ok(domain.error.remedy.startsWith(remedy), domain.error.remedy);
  });
}

test("a wildcard leaves room for a label of one character", () => {
  const parent251 = name253.slice(2);
  assert.equal(formatted(`*.${parent251}`), `*.${parent251}`);
  assert.equal(formatted(`*.a${parent251}`), "domain-long");
});

test("a message shows no control character and no endless key", () => {
  const domain = parseDomain(`\x1b[31m\u009b\u202e${"x".repeat(10_000)} `);
  assert.ok(!domain.ok);
  assert.match(domain.error.message, /^[\x20-\x7e…]*$/);
  assert.ok(domain.error.message.length < 250);
});

const wireNames: readonly [text: string, name: string | undefined][] = [
  ["shop.test", "shop.test"],
  ["SHOP.Test", "shop.test"],
  ["shop.test.", "shop.test"],
  ["UPPER.TEST.", "upper.test"],
  ["my_app.test", "my_app.test"],
  ["__proto__", "__proto__"],
  [name253, name253],
  [`${name253}.`, name253],
  ["", undefined],
  [".", undefined],
  ["a..", undefined],
  ["a..b", undefined],
  [".a", undefined],
  ["-a.test", undefined],
  ["a-.test", undefined],
  ["a b", undefined],
  ["a:1", undefined],
  ["a/b", undefined],
  ["a\0.test", undefined],
  ["*.shop.test", undefined],
  ["bücher.test", undefined],
  // The Kelvin sign, whose lower case is an ASCII letter.
  ["\u212a.test", undefined],
  [`${label63}a.test`, undefined],
  [`${name253}b`, undefined],
];

for (const [text, name] of wireNames) {
  test(`the name ${JSON.stringify(text.slice(0, 30))} on the wire is ${name?.slice(0, 30) ?? "refused"}`, () => {
    assert.equal(normalizeName(text), name);
  });
}

const authorities: readonly [authority: string, host: string | undefined][] = [
  ["shop.test", "shop.test"],
  ["SHOP.test.:8443", "shop.test"],
  ["shop.test:", "shop.test"],
  ["127.0.0.1:80", "127.0.0.1"],
  ["[::1]", "::1"],
  ["[0:0::1]:443", "::1"],
  ["[FE80::A]:443", "fe80::a"],
  ["[::ffff:127.0.0.1]:443", "127.0.0.1"],
  ["", undefined],
  [":80", undefined],
  ["::1", undefined],
  ["[::1", undefined],
  ["[::1]x", undefined],
  ["[::1%25eth0]", undefined],
  ["[127.0.0.1]", undefined],
  ["[shop.test]", undefined],
  ["shop.test:x", undefined],
  ["shop.test:65536", undefined],
  ["shop.test:80:80", undefined],
  ["me@shop.test", undefined],
  ["shop.test/x", undefined],
  ["shop.test, shop.test", undefined],
  ["*", undefined],
];

for (const [authority, host] of authorities) {
  test(`the authority ${JSON.stringify(authority)} names ${host ?? "no host"}`, () => {
    assert.equal(hostOf(authority), host);
  });
}

test("an IP literal has one spelling", () => {
  assert.equal(canonicalAddress("0:0:0:0:0:0:0:1"), "::1");
  assert.equal(canonicalAddress("FE80::A"), "fe80::a");
  assert.equal(canonicalAddress("::ffff:127.0.0.1"), "127.0.0.1");
});

test("only whole IP literals are addresses", () => {
  for (const address of ["0.0.0.0", "127.77.255.1", "255.255.255.255", "::", "::1", "2001:db8::1"]) {
    assert.equal(canonicalAddress(address), address);
  }
  for (const text of [
    "",
    "127.1",
    "256.0.0.1",
    "01.2.3.4",
    "1.2.3.4.",
    "1.2.3.4.5",
    ":",
    "1::2::3",
    "[::1]",
    "::1%1",
    "::1]:80/[::1",
    ":::",
  ]) {
    assert.equal(canonicalAddress(text), undefined, text);
  }
});
