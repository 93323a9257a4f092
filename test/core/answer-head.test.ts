import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readAnswerHead } from "../../src/core/answer-head.ts";

const read = (text: string, isHead = false) => readAnswerHead(Buffer.from(text, "latin1"), isHead);

function whole(text: string, isHead = false) {
  const head = read(text, isHead);
  return head.kind === "answer" ? head : assert.fail(JSON.stringify(head));
}

describe("The head of an answer", () => {
  it("is read with its words and its headers", () => {
    const text = "HTTP/1.1 299 Quite \xe9 Fine\r\nX-A: 1 \r\nx-a:2\r\nContent-Length: 3\r\n\r\n";
    assert.deepEqual(whole(`${text}abc`), {
      kind: "answer",
      status: 299,
      reason: "Quite \xe9 Fine",
      headers: ["X-A", "1", "x-a", "2", "Content-Length", "3"],
      length: text.length,
      body: { kind: "length", bytes: 3 },
      reusable: Number.POSITIVE_INFINITY,
    });
  });

  it("may lack its words", () => {
    for (const line of ["HTTP/1.1 200", "HTTP/1.1 200 "]) assert.equal(whole(`${line}\r\n\r\n`).reason, "");
  });

  it("is waited for while it can become one", () => {
    const text = "HTTP/1.1 200 OK\r\nX-A: 1\r\n\r\n";
    for (let length = 0; length < text.length; length++) {
      assert.equal(read(text.slice(0, length)).kind, "more");
    }
  });

  for (const [what, text, isHead, kind] of [
    ["a HEAD", "200 OK\r\nContent-Length: 5", true, "none"],
    ["a 204", "204 No Content\r\nContent-Length: 5", false, "none"],
    ["a 304", "304 Not Modified\r\nTransfer-Encoding: chunked", false, "none"],
    ["an interim answer", "103 Early Hints", false, "none"],
    ["no length", "200 OK", false, "close"],
    ["a length of 0", "200 OK\r\nContent-Length: 00", false, "none"],
    ["a length", "200 OK\r\nContent-Length: 05", false, "length"],
    ["chunks", "200 OK\r\nTransfer-Encoding: Chunked", false, "chunked"],
  ] as const) {
    it(`says how the body of ${what} is delimited: ${kind}`, () => {
      assert.equal(whole(`HTTP/1.1 ${text}\r\n\r\n`, isHead).body.kind, kind);
    });
  }

  for (const [fields, milliseconds] of [
    ["1.1 200 OK\r\nContent-Length: 1", Number.POSITIVE_INFINITY],
    ["1.1 200 OK\r\nContent-Length: 1\r\nConnection: X-A, Close", 0],
    ["1.1 200 OK\r\nContent-Length: 1\r\nKeep-Alive: timeout=5, max=3", 4000],
    ["1.1 200 OK\r\nContent-Length: 1\r\nKeep-Alive: timeout=1", 0],
    ["1.1 200 OK", 0],
    ["1.0 200 OK\r\nContent-Length: 1", 0],
    ["1.0 200 OK\r\nContent-Length: 1\r\nConnection: Keep-Alive", Number.POSITIVE_INFINITY],
  ] as const) {
    it(`says for how long the connection can be used again: ${fields.replaceAll("\r\n", "; ")}`, () => {
      assert.equal(whole(`HTTP/${fields}\r\n\r\n`).reusable, milliseconds);
    });
  }

  for (const [what, text] of Object.entries({
    "words that are not HTTP": "220 mail.test ESMTP",
    "another version": "HTTP/2.0 200 OK\r\n\r\n",
    "a status below 100": "HTTP/1.1 099 Odd\r\n\r\n",
    "a status of four digits": "HTTP/1.1 2000 Odd\r\n\r\n",
    "a control character in its words": "HTTP/1.1 200 O\x01K\r\n\r\n",
    "a folded header": "HTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\n\r\n",
    "a bare LF": "HTTP/1.1 200 OK\r\nX-A: 1\nX-B: 2\r\n\r\n",
    "a space before a colon": "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\n",
    "two lengths": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n",
    "a length that is no number": "HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\n",
    "a length and a coding": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
    "another coding": "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    "lines that end in LF alone, without its end": "HTTP/1.1 200 OK\nX-A: 1\n\n",
    "a field line that ends in LF alone, without its end": "HTTP/1.1 200 OK\r\nX-A: 1\n\n",
    "a control character in a field, without its end": "HTTP/1.1 200 OK\r\nX-A: \x01\r\n",
    "no end within 64 KB": `HTTP/1.1 200 OK\r\nX-A: ${"a".repeat(70_000)}`,
  })) {
    it(`is broken by ${what}`, () => {
      assert.equal(read(text).kind, "broken");
    });
  }
});
