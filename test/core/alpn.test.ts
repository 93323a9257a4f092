import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseAlpn } from "../../src/core/alpn.ts";

const chosen = (protocol: string) => ({ kind: "chosen", protocol });

test("HTTP is spoken in version 2 where the client can, in whatever order it says so", () => {
  assert.deepEqual(chooseAlpn("http", ["h2", "http/1.1"]), chosen("h2"));
  assert.deepEqual(chooseAlpn("http", ["http/1.1", "h2"]), chosen("h2"));
  assert.deepEqual(chooseAlpn("http", ["http/1.1"]), chosen("http/1.1"));
  assert.deepEqual(chooseAlpn("http", ["http/1.0", "http/1.1"]), chosen("http/1.1"));
  assert.deepEqual(chooseAlpn("http", ["http/1.0"]), chosen("http/1.0"));
});

test("a client that offers nothing is served without an agreement", () => {
  for (const kind of ["http", "tcp", "tunnel"] as const)
    assert.deepEqual(chooseAlpn(kind, []), { kind: "none" });
});

test("a client that offers only what HTTP is not shares no protocol with an HTTP route", () => {
  assert.deepEqual(chooseAlpn("http", ["postgresql"]), { kind: "noOverlap" });
  assert.deepEqual(chooseAlpn("http", ["H2", "http/0.9"]), { kind: "noOverlap" });
});

for (const kind of ["tcp", "tunnel"] as const) {
  test(`for a ${kind} route HTTP/1.1 is taken where it is on offer, else the client's first wish`, () => {
    assert.deepEqual(chooseAlpn(kind, ["h2", "http/1.1"]), chosen("http/1.1"));
    assert.deepEqual(chooseAlpn(kind, ["postgresql"]), chosen("postgresql"));
    assert.deepEqual(chooseAlpn(kind, ["h2"]), chosen("h2"));
    assert.deepEqual(chooseAlpn(kind, ["imap", "pop3"]), chosen("imap"));
  });
}

test("a name without meaning is never agreed on, whatever comes first", () => {
  for (const kind of ["tcp", "tunnel"] as const) {
    assert.deepEqual(chooseAlpn(kind, ["\x1a\x1a", "postgresql"]), chosen("postgresql"));
    assert.deepEqual(chooseAlpn(kind, ["\xfa\xfa"]), { kind: "noOverlap" });
    assert.deepEqual(chooseAlpn(kind, ["\x1a\x2a"]), chosen("\x1a\x2a"));
  }
});
