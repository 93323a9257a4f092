import assert from "node:assert/strict";
import { test } from "node:test";
import { checkRequest, type RequestHead } from "../../src/core/http-request.ts";

const plain: RequestHead = { version: "1.1", method: "GET", target: "/a?b", headers: ["Host", "shop.test"] };
const http2: RequestHead = {
  version: "2",
  method: "GET",
  target: "/a?b",
  authority: "shop.test",
  headers: [],
};

function accepted(head: RequestHead) {
  const checked = checkRequest(head);
  assert.ok(checked.ok, checked.ok ? "" : checked.error.reason);
  return checked.value;
}

function statusOf(head: RequestHead): number | undefined {
  const checked = checkRequest(head);
  return checked.ok ? undefined : checked.error.status;
}

test("the authority stays as it was said, and its name is normalised", () => {
  const headers = ["hOST", "Shop.TEST.:8443"];
  assert.deepEqual(accepted({ ...plain, headers }), {
    authority: "Shop.TEST.:8443",
    name: "shop.test",
    path: "/a?b",
  });
  assert.equal(accepted({ ...http2, authority: "[::1]:80" }).name, "::1");
});

test("a URL as target is reduced to its path, and its host must be the Host", () => {
  for (const [target, path] of [
    ["http://shop.test/a?b", "/a?b"],
    ["HTTPS://SHOP.test?b", "/?b"],
    ["http://shop.test", "/"],
    ["http://shop.test//a", "//a"],
  ] as const) {
    assert.equal(accepted({ ...plain, target }).path, path);
  }
  assert.equal(accepted({ ...plain, version: "1.0", target: "http://a.test/", headers: [] }).name, "a.test");
  for (const target of [
    "http://other.test/",
    "http://a@shop.test/",
    "http:///",
    "ftp://shop.test/",
    "shop.test/",
  ]) {
    assert.equal(statusOf({ ...plain, target }), 400, target);
  }
  assert.equal(statusOf({ ...plain, target: "http://shop.test/#a" }), 400);
});

test("“*” is for OPTIONS alone", () => {
  assert.equal(accepted({ ...plain, method: "OPTIONS", target: "*" }).path, "*");
  assert.equal(statusOf({ ...plain, target: "*" }), 400);
  assert.equal(statusOf({ ...http2, target: "*" }), 400);
  assert.equal(accepted({ ...http2, method: "OPTIONS", target: "*" }).path, "*");
});

test("Host is needed once in HTTP/1.1, at most once in HTTP/1.0, and must be a host", () => {
  assert.equal(statusOf({ ...plain, headers: [] }), 400);
  assert.equal(accepted({ ...plain, version: "1.0", headers: [] }).name, undefined);
  for (const version of ["1.0", "1.1", "2"] as const) {
    assert.equal(statusOf({ ...plain, version, headers: ["Host", "a.test", "host", "a.test"] }), 400);
  }
  for (const host of ["", "a b", "a,b", "a@b", "a/b", "a\0b", "a:99999", "[::1", "sh\xf6p.test", "a..b"]) {
    assert.equal(statusOf({ ...plain, headers: ["Host", host] }), 400, JSON.stringify(host));
  }
  for (const host of ["__proto__", "constructor", "a_b.test", "127.0.0.1"]) {
    assert.equal(accepted({ ...plain, headers: ["Host", host] }).name, host);
  }
});

test("in HTTP/2 a Host beside :authority must be the same, and may stand in its place", () => {
  assert.equal(accepted({ ...http2, headers: ["host", "SHOP.test"] }).name, "shop.test");
  assert.equal(statusOf({ ...http2, headers: ["host", "other.test"] }), 400);
  const { authority: _none, ...nameless } = http2;
  assert.equal(accepted({ ...nameless, headers: ["host", "shop.test"] }).name, "shop.test");
  assert.equal(statusOf(nameless), 400);
});

test("in HTTP/2 the path must be one, whatever scheme is claimed", () => {
  for (const target of ["http://other.test/", "other.test/", ""])
    assert.equal(statusOf({ ...http2, target }), 400);
});

test("CONNECT is not served, nor is a method that Node would send as another", () => {
  assert.equal(statusOf({ ...plain, method: "CONNECT", target: "shop.test:443" }), 501);
  assert.equal(statusOf({ ...http2, method: "connect" }), 501);
  assert.equal(statusOf({ ...http2, method: "Get" }), 501);
});

test("a body is framed in one way, and one only", () => {
  const framed = (...headers: string[]) => statusOf({ ...plain, headers: ["Host", "shop.test", ...headers] });
  assert.equal(framed("Content-Length", "5"), undefined);
  assert.equal(framed("Transfer-Encoding", "Chunked"), undefined);
  assert.equal(framed("Content-Length", "5", "content-length", "5"), 400);
  for (const length of ["", "+5", "-5", "0x5", "5, 5", "5 ", "1e3", "9".repeat(16)]) {
    assert.equal(framed("Content-Length", length), 400, JSON.stringify(length));
  }
  assert.equal(framed("Transfer-Encoding", "chunked", "Content-Length", "5"), 400);
  assert.equal(framed("Transfer-Encoding", "chunked", "Transfer-Encoding", "chunked"), 501);
  for (const coding of ["gzip", "gzip, chunked", "identity", "", "chunked;a=b", "\vchunked"]) {
    assert.equal(framed("Transfer-Encoding", coding), 501, JSON.stringify(coding));
  }
  for (const version of ["1.0", "2"] as const) {
    assert.equal(
      statusOf({ ...plain, version, headers: ["Host", "a", "Transfer-Encoding", "chunked"] }),
      400,
    );
  }
});
