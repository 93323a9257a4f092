import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readClientHello } from "../../src/core/client-hello.ts";
import { type Sniff, sniff, sniffEncryption } from "../../src/core/sniff.ts";
import { tlsAlert } from "../../src/core/tls-alert.ts";
import {
  arriving,
  captured,
  captures,
  cpuMilliseconds,
  mutated,
  randomNumbers,
  records,
} from "./hex-fixtures.ts";

const sslRequest = Buffer.of(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f);
const gssRequest = Buffer.of(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30);
const startup = Buffer.from("\0\0\0\x11\0\x03\0\0user\0a\0\0\0", "latin1");
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
const request = Buffer.from("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n", "latin1");

function expectKind(bytes: Uint8Array | string, kind: Sniff["kind"]): void {
  const buffer = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
  assert.equal(sniff(buffer).kind, kind, JSON.stringify(Buffer.from(buffer).toString("latin1")));
}

describe("sniffing", () => {
  it("asks for a first byte, and of TLS for a second", () => {
    assert.deepEqual(sniff(Buffer.alloc(0)), { kind: "more", atLeast: 1 });
    assert.deepEqual(sniff(Buffer.of(22)), { kind: "more", atLeast: 2 });
  });

  it("tells TLS with the hello's name, for every captured client, byte by byte and in any records", () => {
    for (const name of captures) {
      const bytes = captured(name);
      const read = readClientHello(bytes);
      assert.ok(read.kind === "hello");
      for (const cut of [bytes, records(bytes.subarray(5), 1), records(bytes.subarray(5), 700)]) {
        for (const segment of [1, 7, 1400]) {
          assert.deepEqual(arriving(cut, segment, sniff).answer, { kind: "tls", hello: read.hello }, name);
        }
      }
    }
  });

  it("tells a broken ClientHello apart from what is no TLS", () => {
    assert.deepEqual(sniff(Buffer.of(22, 3, 1, 0, 0)), {
      kind: "malformedTls",
      alert: tlsAlert.decodeError,
      reason: "an empty handshake record",
    });
    expectKind(Buffer.of(22, 3, 1, 0, 4, 2, 0, 0, 0), "malformedTls");
    expectKind(Buffer.of(22), "more");
    expectKind(Buffer.of(22, 3), "more");
    expectKind(Buffer.of(22, 2), "other");
    expectKind(Buffer.of(22, 0x41), "other");
    expectKind(Buffer.of(21, 3, 1, 0, 2, 2, 40), "other");
    expectKind(Buffer.of(0x80, 0x2e, 1, 3, 1, 0, 0x15), "other");
  });

  it("tells PostgreSQL's two requests, whatever comes after them, and no other message of its", () => {
    const answers = [
      [sslRequest, "postgresTls"],
      [gssRequest, "postgresGss"],
    ] as const;
    for (const [bytes, kind] of answers) {
      for (let length = 0; length < bytes.length; length += 1) {
        assert.deepEqual(sniff(bytes.subarray(0, length)), { kind: "more", atLeast: length + 1 });
      }
      expectKind(bytes, kind);
      expectKind(Buffer.concat([bytes, captured("psql15_sslrequest_name")]), kind);
    }
    const cancelRequest = Buffer.of(0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e, 0, 0, 0, 1, 0, 0, 0, 2);
    for (const bytes of [cancelRequest, Buffer.of(0, 1), Buffer.of(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2e)]) {
      expectKind(bytes, "other");
    }
  });

  it("tells PostgreSQL's start-up in the clear, of any length and minor version, and of version 3 alone", () => {
    for (const bytes of [
      startup,
      Buffer.of(0, 0, 0x27, 0x10, 0, 3, 0, 0),
      Buffer.of(0, 0, 0, 9, 0, 3, 0, 2),
      Buffer.of(0, 0, 0, 8, 0, 3, 0, 0),
    ]) {
      for (let length = 0; length < 8; length += 1) {
        assert.deepEqual(sniff(bytes.subarray(0, length)), { kind: "more", atLeast: length + 1 });
      }
      expectKind(bytes, "postgresStartup");
    }
    for (const bytes of [
      Buffer.of(0, 0, 0, 9, 0, 2, 0, 0),
      Buffer.of(0, 0, 0, 9, 0, 3, 1, 0),
      Buffer.of(0, 0, 0, 9, 3),
      Buffer.of(0, 1, 0, 0, 0, 3, 0, 0),
    ]) {
      expectKind(bytes, "other");
    }
  });

  it("tells HTTP/1 with its host, and HTTP/2 with prior knowledge", () => {
    assert.deepEqual(sniff(request), { kind: "http1", host: "app.test" });
    assert.deepEqual(arriving(request, 1, sniff).answer, { kind: "http1", host: "app.test" });
    assert.deepEqual(sniff(preface), { kind: "http2" });
    assert.deepEqual(arriving(Buffer.concat([preface, Buffer.alloc(9)]), 1, sniff).answer, { kind: "http2" });
  });

  it("takes linear time for a head of 64 KiB that comes byte by byte", () => {
    const bytes = Buffer.from(`GET / HTTP/1.1\r\n${"a:\r\n".repeat(16_000)}`, "latin1");
    const start = cpuMilliseconds();
    assert.equal(arriving(bytes, 1, sniff).answer.kind, "more");
    assert.ok(cpuMilliseconds() - start < 2500);
  });

  it("says of protocols that carry no name that they are something else, as soon as a client could wait", () => {
    for (const bytes of [
      "SSH-2.0-x",
      "SSH-2.0-OpenSSH_9.6 Debian-1\r\n",
      "EHLO mail\r\n",
      "PING\r\n",
      "*1\r\n$4\r\nPING\r\n", // Redis
      "USER a\r\n",
      "NICK a\r\n",
      "CONNECT\naccept-version:1.2\n\n\0", // STOMP
      "\x10\x0c\0\x04MQTT\x04\x02\0\x3c\0\0",
      "AMQP\0\0\x09\x01",
      "\x03\0\0\x13\x0e\xe0\0\0", // RDP
      "\n",
      "\r\n\r\n",
      "hello\n",
      "\xff\xfb\x01",
    ]) {
      expectKind(bytes, "other");
    }
  });

  it("tells encryption alone where that is all that matters, and anything else at its first byte", () => {
    for (const bytes of [captured("curl_openssl3_app.test"), sslRequest, gssRequest, startup]) {
      assert.deepEqual(sniffEncryption(bytes), sniff(bytes));
      assert.deepEqual(arriving(bytes, 1, sniffEncryption), arriving(bytes, 1, sniff));
    }
    for (const bytes of [request.subarray(0, 1), preface.subarray(0, 1), Buffer.from("ruok")]) {
      assert.equal(sniff(bytes).kind, "more");
      assert.deepEqual(sniffEncryption(bytes), { kind: "other" });
    }
  });

  it("never throws, always asks for more than there is, and answers the same however the bytes arrive", () => {
    const random = randomNumbers(0x51f7);
    const samples = [...captures.map(captured), sslRequest, gssRequest, startup, preface, request];
    const start = cpuMilliseconds();
    for (let round = 0; round < 4000; round += 1) {
      const bytes = mutated(samples[random(samples.length)] ?? assert.fail(), random);
      const whole = sniff(bytes);
      if (whole.kind === "more") assert.ok(whole.atLeast > bytes.length, `round ${round}`);
      const { answer } = arriving(bytes, 1 + random(random(4) === 0 ? 2000 : 20), sniff);
      // A broken record after the first is found once a whole hello could be there: these bytes end before.
      if (whole.kind === "malformedTls" && answer.kind === "more") continue;
      assert.equal(answer.kind, whole.kind, `round ${round}: ${bytes.toString("latin1")}`);
    }
    for (let round = 0; round < 20_000; round += 1) {
      const bytes = Buffer.from(Array.from({ length: random(40) }, () => random(256)));
      const read = sniff(bytes);
      if (read.kind === "more") assert.ok(read.atLeast > bytes.length, `round ${round}`);
    }
    assert.ok(cpuMilliseconds() - start < 20_000);
  });
});
