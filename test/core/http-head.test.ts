import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type HeadRead, readHttpHead, readWebSocketRequest } from "../../src/core/http-head.ts";
import { arriving, cpuMilliseconds, mutated, randomNumbers } from "./hex-fixtures.ts";

function read(text: string): HeadRead {
  return readHttpHead(Buffer.from(text, "latin1"));
}

function hostOf(text: string): string | undefined {
  const answer = read(text);
  assert.equal(answer.kind, "http1", JSON.stringify(text.slice(0, 100)));
  return answer.kind === "http1" ? answer.host : undefined;
}

/** A head with these lines, ended as it should be. */
function head(...lines: string[]): string {
  return `${lines.join("\r\n")}\r\n\r\n`;
}

const ordinary = head(
  "GET /a?b=c HTTP/1.1",
  "Accept: */*",
  "Host: app.test:8443",
  "X-Empty:",
  "X-Text: caf\xc3\xa9 \t x",
);

describe("the first request of a client", () => {
  const asks = (text: string) => readWebSocketRequest(Buffer.from(text, "latin1"), 0).kind;

  it("asks for a WebSocket where its Upgrade says so, in whatever case and space", () => {
    for (const field of ["Upgrade: websocket", "upgrade:WebSocket", "UPGRADE: \twebsocket \t"]) {
      assert.equal(asks(head("GET / HTTP/1.1", "Host: a.test", field, "X-A: 1")), "webSocket", field);
    }
    for (const field of ["Upgrade: h2c", "Upgrade: websocket2", "X-Upgrade: websocket", "X-A: websocket"]) {
      assert.equal(asks(head("GET / HTTP/1.1", "Host: a.test", field)), "none", field);
    }
    assert.equal(asks(head("POST / HTTP/1.1", "Host: a.test", "Upgrade: websocket")), "none");
  });

  it("asks for nothing as soon as a byte is of no GET, and for more until its head is whole", () => {
    assert.deepEqual(["", "G", "GET / HTTP/1.1\r\nUpgrade: websocket\r\n"].map(asks), [
      "more",
      "more",
      "more",
    ]);
    assert.deepEqual(["P", "\0", "\x16\x03", "GEX"].map(asks), ["none", "none", "none", "none"]);
  });
});

describe("the host of a request", () => {
  it("is the Host header as sent, with port and case, without the space around it", () => {
    assert.equal(hostOf(ordinary), "app.test:8443");
    assert.equal(hostOf(head("GET / HTTP/1.1", "hOSt:App.Test.")), "App.Test.");
    assert.equal(hostOf(head("GET / HTTP/1.1", "Host: \t my_app.test\t ")), "my_app.test");
    assert.equal(hostOf(head("GET / HTTP/1.1", "Host: app.test:")), "app.test:");
    assert.equal(hostOf(head("GET / HTTP/1.0", "Host: app.test")), "app.test");
  });

  it("is the same behind an empty line", () => {
    assert.equal(hostOf(`\r\n${ordinary}`), "app.test:8443");
  });

  it("may be an IP address, or a name that means something in JavaScript", () => {
    for (const host of ["127.0.0.1:80", "[::1]", "[::1]:8443", "__proto__", "constructor", "toString"]) {
      assert.equal(hostOf(head("GET / HTTP/1.1", `Host: ${host}`)), host);
    }
  });

  it("is the authority of an absolute target, whatever the Host header says", () => {
    assert.equal(hostOf(head("GET http://a.test:81/x HTTP/1.1", "Host: b.test")), "a.test:81");
    assert.equal(hostOf(head("GET HTTPS://A.test?http://c.test/ HTTP/1.1", "Host: b.test")), "A.test");
    assert.equal(hostOf(head("GET http://a.test HTTP/1.0")), "a.test");
    assert.equal(hostOf(head("GET /http://a.test/ HTTP/1.1", "Host: b.test")), "b.test");
    assert.equal(hostOf(head("OPTIONS * HTTP/1.1", "Host: b.test")), "b.test");
  });

  it("is unknown when an absolute target has none, user information, or two Hosts beside it", () => {
    assert.equal(hostOf(head("GET http:///x HTTP/1.1", "Host: b.test")), undefined);
    assert.equal(hostOf(head("GET http://a.test@b.test/ HTTP/1.1", "Host: b.test")), undefined);
    assert.equal(hostOf(head("GET http://a.test/ HTTP/1.1", "Host: a.test", "Host: a.test")), undefined);
  });

  it("is unknown when there is no Host, an empty one, or more than one", () => {
    assert.equal(hostOf(head("GET / HTTP/1.1")), undefined);
    assert.equal(hostOf(head("GET / HTTP/1.1", "X-Host: a.test", "Hos: a.test")), undefined);
    assert.equal(hostOf(head("GET / HTTP/1.1", "Host:")), undefined);
    assert.equal(hostOf(head("GET / HTTP/1.1", "Host: a.test", "X: y", "HOST: b.test")), undefined);
    assert.equal(hostOf(head("GET / HTTP/1.1", "Host:", "Host: a.test")), undefined);
  });

  it("is unknown when it holds what no host does", () => {
    for (const host of [
      "a b",
      "a.test, b.test",
      "a/b",
      "a@b",
      "http://a",
      "a:b",
      "::1",
      "[::1",
      "a\0b",
      "a\x7f",
      "\xe9.test",
      "\xa0a.test",
      "a#",
      "a?b",
      "a\\b",
    ]) {
      assert.equal(hostOf(head("GET / HTTP/1.1", `Host: ${host}`)), undefined, JSON.stringify(host));
    }
  });

  it("is unknown when a line of the head is malformed", () => {
    for (const line of [
      " folded",
      "\tfolded",
      "Name : x",
      "no colon",
      ": x",
      "N\xe4me: x",
      "N(: x",
      "Name: a\rb",
      "Name: \0",
      "Name: \x1b[0m",
    ]) {
      assert.equal(hostOf(head("GET / HTTP/1.1", "Host: a.test", line)), undefined, JSON.stringify(line));
      assert.equal(hostOf(head("GET / HTTP/1.1", line, "Host: a.test")), undefined, JSON.stringify(line));
    }
    assert.equal(hostOf(head("GET / HTTP/1.1", "Host: a", " .test")), undefined);
    assert.equal(hostOf(head("GET /a b HTTP/1.1", "Host: a.test")), undefined);
    assert.equal(hostOf(head("GET /\xe9 HTTP/1.1", "Host: a.test")), undefined);
  });

  it("is unknown at once when a line ends in LF alone, which Node's parser refuses too", () => {
    assert.equal(hostOf("GET / HTTP/1.1\n"), undefined);
    assert.equal(hostOf("GET / HTTP/1.1\r\nHost: a.test\n"), undefined);
    assert.equal(hostOf("GET / HTTP/1.1\r\nHost: a.test\r\n\n"), undefined);
    assert.equal(hostOf("GET / HTTP/1.1\r\n\n"), undefined);
  });

  it("is unknown when the head is not over after 64 KiB, in one piece or many", () => {
    const field = `X: ${"x".repeat(96)}\r\n`;
    const long = `GET / HTTP/1.1\r\nHost: a.test\r\n${field.repeat(700)}\r\n`;
    assert.ok(long.length > 70_000);
    assert.equal(hostOf(long), undefined);
    assert.equal(hostOf(long.slice(0, 65_536)), undefined);
    assert.deepEqual(read(long.slice(0, 65_535)), { kind: "more", atLeast: 65_536 });
    assert.equal(hostOf(`GET /${"x".repeat(70_000)} HTTP/1.1\r\nHost: a.test\r\n\r\n`), undefined);
    const most = `GET / HTTP/1.1\r\nHost: a.test\r\nX: ${"x".repeat(65_536 - 37)}\r\n\r\n`;
    assert.equal(most.length, 65_536);
    assert.equal(hostOf(most), "a.test");
    assert.equal(hostOf(`\r\n${most}`), "a.test");
    assert.equal(hostOf(`\r\n${long.slice(0, 65_536)}`), undefined);
  });
});

describe("a request that is not whole yet", () => {
  it("asks for one byte more at every split, and then has its host", () => {
    for (const text of [
      ordinary,
      head("get / HTTP/1.1", "Host: a"),
      head("M-SEARCH * HTTP/1.1", "Host: a"),
      head("", "GET / HTTP/1.1", "Host: a"),
    ]) {
      for (let length = 0; length < text.length; length += 1) {
        assert.deepEqual(read(text.slice(0, length)), { kind: "more", atLeast: length + 1 });
      }
      assert.equal(read(text).kind, "http1");
      const { answer } = arriving(Buffer.from(text, "latin1"), 1, readHttpHead);
      assert.deepEqual(answer, read(text));
    }
  });

  it("is not disturbed by a body or a second request behind it", () => {
    assert.equal(hostOf(`${ordinary}\0\n\n${head("GET / HTTP/1.1", "Host: evil.test")}`), "app.test:8443");
  });

  it("is read in linear time when its 64 KiB come byte by byte, in one line or thousands", () => {
    const lines = Buffer.from(`GET / HTTP/1.1\r\n${"a:\r\n".repeat(16_000)}`, "latin1");
    const line = Buffer.from(`GET /${"a".repeat(64_000)}`, "latin1");
    for (const bytes of [lines, line]) {
      const start = cpuMilliseconds();
      assert.equal(arriving(bytes, 1, readHttpHead).answer.kind, "more");
      assert.ok(cpuMilliseconds() - start < 2500, `${cpuMilliseconds() - start} ms`);
    }
  });

  it("is read in linear time when a line is mostly space", () => {
    const spaces = " ".repeat(65_000);
    const start = cpuMilliseconds();
    for (const line of [`Host:${spaces}`, `Host: a${spaces}b`, `Host:${spaces}a b`, `Host${spaces}: a`]) {
      assert.equal(hostOf(head("GET / HTTP/1.1", line)), undefined);
    }
    assert.ok(cpuMilliseconds() - start < 1500);
  });
});

describe("what is no request", () => {
  it("is known at the first byte that no request has there", () => {
    const whereOther = [
      ["SSH-2.0-x", 5],
      ["EHLO mail\r\n", 10],
      ["PING\r\n", 5],
      ["GET\t/ HTTP/1.1\r\n", 4],
      ["GET /\r\n", 6],
      ["GET / HTTP/1.x\r\n", 15],
      ["GET / HTTP/1.1 \r\n", 16],
      ["GET  HTTP/1.1\r\n", 14],
      ["GET / HTTP/1.1\rX", 16],
      ["GET / http/1.1\r\n", 15],
      ["GET / HTTP/2.0\r\n", 15],
      ["OPTIONS rtsp://a RTSP/1.0\r\n", 26],
      ["GET /\0", 6],
      ["GET /\x7f", 6],
      [" GET / HTTP/1.1\r\n", 1],
      ["\nGET / HTTP/1.1\r\n", 1],
      ["\rGET / HTTP/1.1\r\n", 2],
      ["\r\n\r\nGET / HTTP/1.1\r\n", 3],
      ["\r\nPRI * HTTP/2.0\r\n", 17],
      ["\r\nSSH-2.0-x", 7],
      ["hello\n", 6],
      ["hello world\n", 12],
      ["x".repeat(40), 33],
      ["PRI * HTTP/2.0\r\n\r\nXX", 19],
      ["\xff", 1],
    ] as const;
    for (const [text, at] of whereOther) {
      assert.equal(read(text.slice(0, at - 1)).kind, "more", JSON.stringify(text));
      assert.deepEqual(read(text.slice(0, at)), { kind: "other" }, JSON.stringify(text));
      const whole = Buffer.from(text, "latin1");
      assert.deepEqual(readHttpHead(whole), { kind: "other" }, JSON.stringify(text));
      assert.deepEqual(arriving(whole, 1, readHttpHead).answer, { kind: "other" }, JSON.stringify(text));
    }
  });

  it("is not concluded from an unknown method, an odd target or a later HTTP/1", () => {
    for (const line of ["get / HTTP/1.1", "Frobnicate x HTTP/1.1", "PRI * HTTP/1.1", "GET  / HTTP/1.9"]) {
      assert.equal(read(head(line)).kind, "http1", line);
    }
    assert.equal(hostOf(head("get / HTTP/1.1", "Host: a.test")), "a.test");
    assert.equal(hostOf(head("CONNECT a.test:443 HTTP/1.1", "Host: a.test:443")), "a.test:443");
  });

  it("is HTTP/2 after the whole preface alone", () => {
    const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for (let length = 0; length < preface.length; length += 1) {
      assert.deepEqual(read(preface.slice(0, length)), { kind: "more", atLeast: length + 1 });
    }
    assert.deepEqual(read(preface), { kind: "http2" });
    assert.deepEqual(read(`${preface}\0\0\0\x04`), { kind: "http2" });
  });
});

describe("a mutated head", () => {
  it("never makes the reader throw, and is answered the same in one piece and in many", () => {
    const random = randomNumbers(0x4ead);
    const samples = [
      ordinary,
      `\r\n${ordinary}`,
      head("POST http://a.test/ HTTP/1.1", "Host: a.test"),
      head("GET / HTTP/1.1"),
    ];
    const start = cpuMilliseconds();
    for (let round = 0; round < 30_000; round += 1) {
      const bytes = mutated(Buffer.from(samples[random(samples.length)] ?? assert.fail(), "latin1"), random);
      const whole = readHttpHead(bytes);
      if (whole.kind === "more") assert.equal(whole.atLeast, bytes.length + 1);
      if (whole.kind === "http1" && whole.host !== undefined) assert.match(whole.host, /^[\x21-\x7e]+$/);
      const { answer } = arriving(bytes, 1 + random(30), readHttpHead);
      assert.deepEqual(answer, whole, JSON.stringify(bytes.toString("latin1")));
    }
    assert.ok(cpuMilliseconds() - start < 20_000);
  });
});
