import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ChunkFollower } from "../../src/core/chunks.ts";

const body =
  '2\r\nbb\r\n00D;a="b c"\r\nccccccccccccc\r\n1\r\nd\r\n0;x\r\nX-Sum: 1\r\nHost: evil.test\r\nOneport-Hop: 1\r\n\r\n';
const following = "GET / HTTP";

/** What goes on of pieces that come one by one, and what is left of them behind the body; or what is wrong. */
function follow(pieces: readonly string[], isBare = false) {
  const follower = new ChunkFollower(isBare);
  let passed = "";
  for (const [at, piece] of pieces.entries()) {
    const followed = follower.follow(Buffer.from(piece, "latin1"));
    if (followed.kind === "broken") return { kind: "broken", passed };
    passed += Buffer.concat(followed.pieces).toString("latin1");
    if (followed.kind === "end") {
      const left = piece.slice(followed.used) + pieces.slice(at + 1).join("");
      return { kind: "end", passed, left, trailers: followed.trailers };
    }
  }
  return { kind: "more", passed };
}

/** The data of the chunks, and the trailers. */
function decode(chunks: string) {
  let data = "";
  let rest = chunks;
  for (;;) {
    const [line = "", digits = ""] = /^([\da-f]+)\r\n/i.exec(rest) ?? assert.fail(`no size: ${rest}`);
    const size = Number.parseInt(digits, 16);
    if (size === 0) return { data, trailers: rest.slice(line.length) };
    data += rest.slice(line.length, line.length + size);
    assert.equal(rest.slice(line.length + size, line.length + size + 2), "\r\n");
    rest = rest.slice(line.length + size + 2);
  }
}

const expected = { data: "bbcccccccccccccd", trailers: "X-Sum: 1\r\n\r\n" };

describe("A body in chunks", () => {
  it("is followed to its end, without extensions and trailers that frame or route, wherever it is split", () => {
    for (let first = 0; first <= body.length; first++) {
      for (let second = first; second <= body.length; second++) {
        const pieces = [body.slice(0, first), body.slice(first, second), body.slice(second) + following];
        const { kind, passed, left } = follow(pieces.filter((piece) => piece !== ""));
        assert.equal(kind, "end", JSON.stringify(pieces));
        assert.equal(left, following, JSON.stringify(pieces));
        assert.deepEqual(decode(passed), expected, JSON.stringify(pieces));
      }
    }
  });

  it("is given as its data alone, and its trailers, wherever it is split", () => {
    for (let first = 0; first <= body.length; first++) {
      for (let second = first; second <= body.length; second++) {
        const pieces = [body.slice(0, first), body.slice(first, second), body.slice(second) + following];
        const bare = follow(
          pieces.filter((piece) => piece !== ""),
          true,
        );
        const whole = { kind: "end", passed: expected.data, left: following, trailers: ["X-Sum", "1"] };
        assert.deepEqual(bare, whole, JSON.stringify(pieces));
      }
    }
  });

  it("is followed byte by byte", () => {
    const { passed } = follow([...body]);
    assert.deepEqual(decode(passed), expected);
  });

  it("has sizes of any hexadecimal digits, in capitals or not", () => {
    for (const digits of ["9", "a", "F", "10", "1f", "AbC", "0000000000bed"]) {
      const data = "x".repeat(Number.parseInt(digits, 16));
      const chunks = `${digits}\r\n${data}\r\n0\r\n\r\n`;
      assert.deepEqual(follow([chunks]), { kind: "end", passed: chunks, left: "", trailers: [] }, digits);
      assert.equal(follow([chunks], true).passed, data, digits);
    }
  });

  it("goes on untouched where nothing is to be changed", () => {
    const plain = "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
    assert.equal(follow([plain]).passed, plain);
  });

  it("goes on as it comes, and its end only when all of it is there", () => {
    assert.deepEqual(follow(["5\r\nhe"]), { kind: "more", passed: "5\r\nhe" });
    assert.deepEqual(follow(["5\r\nhello\r\n0\r\nX-A: 1\r\n"]), { kind: "more", passed: "5\r\nhello\r\n" });
    assert.deepEqual(follow(["5\r\nhello\r\n0\r\nX-A: 1\r\n"], true), { kind: "more", passed: "hello" });
  });

  for (const [what, chunks] of Object.entries({
    "a size that is no number": "zz\r\n",
    "no size": "\r\n",
    "a sign": "+5\r\nhello\r\n",
    "0x": "0x5\r\nhello\r\n",
    "a space before a size": " 5\r\nhello\r\n",
    "a space behind a size": "5 \r\nhello\r\n",
    "a size beyond all bounds": "fffffffffffffff\r\n",
    "a size of more digits than a number holds exactly": "00000000000005\r\nhello\r\n",
    "a size that is too small": "4\r\nhello\r\n",
    "a size that is too large": "6\r\nhello\r\n0\r\n\r\n",
    "LF alone behind a size": "5\nhello\r\n",
    "LF alone behind a chunk": "5\r\nhello\n",
    "another byte than CR behind a size": "5x\nhello\r\n",
    "another byte than LF behind a chunk": "5\r\nhello\rx0\r\n\r\n",
    "a bare CR behind a size": "5\rhello",
    "a bare CR in an extension": "5;a\rb\r\nhello\r\n",
    "a bare LF in an extension": "5;a\nb\r\nhello\r\n",
    "a NUL in an extension": "5;a\0\r\nhello\r\n",
    "an extension without a name": "5;\r\nhello\r\n",
    "an extension without end": `5;${"a".repeat(5000)}`,
    "a folded trailer": "0\r\nX-A: 1\r\n 2\r\n\r\n",
    "a trailer without a colon": "0\r\nX-A\r\n\r\n",
    "a space before a trailer's colon": "0\r\nX-A : 1\r\n\r\n",
    "a bare LF in a trailer": "0\r\nX-A: 1\nX-B: 2\r\n\r\n",
    "a Content-Length in the trailers": "0\r\nContent-Length: 5\r\n\r\n",
    "a Transfer-Encoding in the trailers": "0\r\ntransfer-encoding: chunked\r\n\r\n",
    "half an empty line": "0\r\n\r1",
    "the beginning of a malformed trailer": "0\r\nX-A: 1\r\nX B",
    "trailers without end": `0\r\n${"X-A: 1\r\n".repeat(3000)}`,
  })) {
    it(`is broken by ${what}, and its end never goes on`, () => {
      for (const pieces of [[chunks], [...chunks]]) {
        const { kind, passed } = follow(pieces);
        assert.equal(kind, "broken");
        assert.doesNotMatch(passed, /(^|\n)0\r\n\r\n/);
        assert.equal(follow(pieces, true).kind, "broken");
      }
    });
  }
});
