import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isOrdinary, readOrdinaryRequest } from "../../src/core/ordinary-request.ts";

const read = (text: string) => readOrdinaryRequest(Buffer.from(text, "latin1"));
const get = "GET /a?b HTTP/1.1\r\nHost: shop.test\r\n";
/** Common, registered, of one program alone, and hardly one. */
const methods = ["GET", "PROPFIND", "VERSION-CONTROL", "LIST", "CONNECTED"];

describe("An ordinary request", () => {
  it("is read with its headers in their order, less the blanks around them", () => {
    const text = "PATCH /a?b=%20 HTTP/1.1\r\nhost: shop.test\r\nX-A:\t 1 2 \r\nX-B:\r\nx-a: \xe9\r\n\r\n";
    assert.deepEqual(read(`${text}body`), {
      head: {
        version: "1.1",
        method: "PATCH",
        target: "/a?b=%20",
        headers: ["host", "shop.test", "X-A", "1 2", "X-B", "", "x-a", "\xe9"],
      },
      length: text.length,
      body: { kind: "none" },
      last: false,
    });
  });

  for (const [field, body] of [
    ["Content-Length: 12", { kind: "length", bytes: 12 }],
    ["content-length: 0", { kind: "none" }],
    ["Transfer-Encoding: chunked", { kind: "chunked" }],
    ["transfer-encoding: Chunked", { kind: "chunked" }],
  ] as const) {
    it(`has the body that ${field} says`, () => {
      assert.deepEqual(read(`${get}${field}\r\n\r\n`)?.body, body);
    });
  }

  it("says whether it is the last", () => {
    assert.equal(read(`${get}Connection: Close\r\n\r\n`)?.last, true);
    assert.equal(read(`${get}Connection: keep-alive\r\n\r\n`)?.last, false);
  });

  for (const method of methods) {
    it(`may have the method ${method}`, () => {
      assert.equal(read(`${method} / HTTP/1.1\r\nHost: shop.test\r\n\r\n`)?.head.method, method);
    });
  }

  for (const [what, text] of Object.entries({
    "that is not all there": get,
    "with bytes before it": `\r\n${get}\r\n`,
    "with a method in lower case": `get / HTTP/1.1\r\nHost: shop.test\r\n\r\n`,
    "with a method that is no word": `-LIST / HTTP/1.1\r\nHost: shop.test\r\n\r\n`,
    "without a method": ` / HTTP/1.1\r\nHost: shop.test\r\n\r\n`,
    CONNECT: "CONNECT shop.test:443 HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    "CONNECT for a path": "CONNECT / HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    "with a URL as its target": "GET http://shop.test/ HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    "for *": "OPTIONS * HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    "with a fragment": "GET /#a HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    "with a byte beyond ASCII in its target": "GET /\xe9 HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    "with two spaces": "GET  / HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    "of HTTP/1.0": "GET / HTTP/1.0\r\nHost: shop.test\r\n\r\n",
    "without a Host": "GET / HTTP/1.1\r\n\r\n",
    "with two Hosts": `${get}host: shop.test\r\n\r\n`,
    "with a folded header": `${get}X-A: 1\r\n 2\r\n\r\n`,
    "with a space before a colon": `${get}X-A : 1\r\n\r\n`,
    "with a header without a name": `${get}: 1\r\n\r\n`,
    "with a header without a colon": `${get}X-A\r\n\r\n`,
    "with a bare CR": `${get}X-A: 1\r2\r\n\r\n`,
    "with a bare LF": `${get}X-A: 1\nX-B: 2\r\n\r\n`,
    "with a NUL": `${get}X-A: \0\r\n\r\n`,
    "with a DEL": `${get}X-A: \x7f\r\n\r\n`,
    "with two lengths": `${get}Content-Length: 1\r\nContent-Length: 1\r\n\r\n`,
    "with a list of lengths": `${get}Content-Length: 1, 1\r\n\r\n`,
    "with a signed length": `${get}Content-Length: +1\r\n\r\n`,
    "with a length that begins with 0": `${get}Content-Length: 01\r\n\r\n`,
    "with an empty length": `${get}Content-Length:\r\n\r\n`,
    "with a length beyond all bounds": `${get}Content-Length: 9999999999999999\r\n\r\n`,
    "with a length and a coding": `${get}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
    "with another coding": `${get}Transfer-Encoding: gzip, chunked\r\n\r\n`,
    "with a coding twice": `${get}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`,
    "with an upgrade": `${get}Connection: upgrade\r\nUpgrade: websocket\r\n\r\n`,
    "with an upgrade that its Connection does not name": `${get}Upgrade: h2c\r\n\r\n`,
    "with an expectation": `${get}Expect: 100-continue\r\n\r\n`,
    "that takes trailers": `${get}TE: trailers\r\n\r\n`,
    "that announces trailers": `${get}Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n`,
    "with more in its Connection": `${get}Connection: keep-alive, X-Mine\r\n\r\n`,
    "with two Connections": `${get}Connection: keep-alive\r\nConnection: close\r\n\r\n`,
    "with Proxy-Connection": `${get}Proxy-Connection: close\r\n\r\n`,
    "larger than 16 KB": `${get}X-A: ${"a".repeat(17_000)}\r\n\r\n`,
  })) {
    it(`is none ${what}`, () => {
      assert.equal(read(text), undefined);
    });
  }
});

describe("A request of HTTP/2", () => {
  const head = { version: "2", method: "GET", target: "/a?b", authority: "shop.test" } as const;

  it("is not ordinary with a length that is no number", () => {
    assert.equal(isOrdinary({ ...head, headers: ["content-length", "+1"] }, true), false);
  });

  it("is ordinary with fields that a line can hold", () => {
    const headers = ["cookie", "a=1; b=2", "x-a", "J\xfcrgen", "x-empty", "", "content-length", "0"];
    assert.equal(isOrdinary({ ...head, headers }, false), true);
    assert.equal(isOrdinary({ ...head, headers: ["content-length", "12"] }, true), true);
  });

  for (const method of methods) {
    it(`is ordinary with the method ${method}`, () => {
      assert.equal(isOrdinary({ ...head, method, headers: [] }, false), true);
    });
  }

  for (const [what, changed] of Object.entries({
    CONNECT: { method: "CONNECT" },
    "a method in lower case": { method: "list" },
    "a method with a line break": { method: "GET\r\n" },
    "a space in its path": { target: "/a b" },
    "a line break in its path": { target: "/a\r\nx:" },
    "a fragment": { target: "/#a" },
    "* as its path": { target: "*" },
    "a line break in its authority": { authority: "shop.test\r\nx: 1" },
    "a line break in a value": { headers: ["x-a", "1\r\nx: 1"] },
    "a line feed in a value": { headers: ["x-a", "1\n"] },
    "a value beyond Latin-1": { headers: ["x-a", "\u010d\u010a"] },
    "a colon in a name": { headers: ["x-a: 1", ""] },
    "a nameless field": { headers: ["", "1"] },
    "a length and no body": { headers: ["content-length", "1"] },
    "a coding": { headers: ["transfer-encoding", "chunked"] },
    "trailers to take": { headers: ["te", "trailers"] },
    "trailers to come": { headers: ["trailer", "x-sum"] },
    "an expectation": { headers: ["expect", "100-continue"] },
  })) {
    it(`is not ordinary with ${what}`, () => {
      assert.equal(isOrdinary({ ...head, headers: [], ...changed }, false), false);
    });
  }
});
