import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type ProxiedAddresses,
  type ProxyRead,
  readProxyHeader,
  writeProxyHeader,
} from "../../src/core/proxy-protocol.ts";
import { arriving, mutated, randomNumbers } from "./hex-fixtures.ts";

const signature = "\r\n\r\n\0\r\nQUIT\n";

function read(text: string): ProxyRead {
  return readProxyHeader(Buffer.from(text, "latin1"));
}

function pair(from: string, fromPort: number, to: string, toPort: number): ProxiedAddresses {
  return { source: { address: from, port: fromPort }, destination: { address: to, port: toPort } };
}

/** A version 2 header with this command, family and transport before `block`. */
function binary(command: number, family: number, block: Uint8Array): Buffer {
  const length = Buffer.of(block.length >> 8, block.length & 0xff);
  return Buffer.concat([Buffer.from(signature, "latin1"), Buffer.of(command, family), length, block]);
}

const ipv4Block = Buffer.of(192, 168, 0, 1, 192, 168, 0, 11, 0xdc, 0x04, 0x01, 0xbb);
const ipv4Pair = pair("192.168.0.1", 56_324, "192.168.0.11", 443);
const ipv6Block = Buffer.from(
  "20010db8000000000000000000000001" + "00000000000000000000000000000001" + "0001ffff",
  "hex",
);
const ipv6Pair = pair("2001:db8::1", 1, "::1", 65_535);

function assertMalformed(bytes: Uint8Array | string, reason: RegExp): void {
  const answer = typeof bytes === "string" ? read(bytes) : readProxyHeader(bytes);
  assert.equal(answer.kind, "malformed", JSON.stringify([bytes.toString(), answer]));
  if (answer.kind === "malformed") assert.match(answer.reason, reason);
}

/** Reads `header` whole, with bytes behind it, and byte by byte; asks for more at every split. */
function assertHeader(header: Uint8Array, addresses: ProxiedAddresses | undefined): void {
  const whole = { kind: "header", length: header.length, addresses };
  assert.deepEqual(readProxyHeader(header), whole);
  assert.deepEqual(readProxyHeader(Buffer.concat([header, Buffer.from("\r\nGET / HTTP/1.1\r\n")])), whole);
  assert.deepEqual(arriving(header, 1, readProxyHeader).answer, whole);
  for (let length = 0; length < header.length; length += 1) {
    const part = readProxyHeader(header.subarray(0, length));
    assert.ok(part.kind === "more" && part.atLeast > length && part.atLeast <= header.length, `at ${length}`);
  }
}

describe("a PROXY header of version 1", () => {
  const line = (text: string) => Buffer.from(`PROXY ${text}\r\n`, "latin1");

  it("tells the addresses of TCP4 and TCP6", () => {
    assertHeader(line("TCP4 192.168.0.1 192.168.0.11 56324 443"), ipv4Pair);
    assertHeader(line("TCP4 255.255.255.255 0.0.0.0 65535 0"), pair("255.255.255.255", 65_535, "0.0.0.0", 0));
    assertHeader(line("TCP6 2001:db8::1 ::1 1 65535"), ipv6Pair);
    assertHeader(line("TCP6 2001:0DB8:0000:0:0:0:0:0001 0:0:0:0:0:0:0:1 1 65535"), ipv6Pair);
    const all = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    assertHeader(line(`TCP6 ${all} ${all} 65535 65535`), pair(all, 65_535, all, 65_535));
  });

  it("gives IPv4-mapped addresses as IPv4", () => {
    assertHeader(line("TCP6 ::ffff:192.168.0.1 ::ffff:c0a8:b 56324 443"), ipv4Pair);
  });

  it("tells none when they are UNKNOWN, whatever follows", () => {
    assertHeader(line("UNKNOWN"), undefined);
    assertHeader(line("UNKNOWN ffff::1 nonsense  \xff \r 1"), undefined);
  });

  it("may be 107 bytes long, and is refused as soon as it is not over by then", () => {
    const longest = line(`UNKNOWN ${"x".repeat(107 - 16)}`);
    assert.equal(longest.length, 107);
    assertHeader(longest, undefined);
    const longer = line(`UNKNOWN ${"x".repeat(108 - 16)}`);
    assert.equal(readProxyHeader(longer.subarray(0, 106)).kind, "more");
    assertMalformed(longer.subarray(0, 107), /no CRLF/);
    assertMalformed(longer, /no CRLF/);
  });

  it("is refused when it ends in LF alone", () => {
    assertMalformed("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n", /CRLF/);
    assertMalformed("PROXY UNKNOWN\n\r\n", /CRLF/);
    assertMalformed("PROXY \n", /CRLF/);
  });

  it("is refused when its fields are not what it announces", () => {
    const hostile: [text: string, reason: RegExp][] = [
      ["TCP4 1.2.3.4 5.6.7.8 01 2", /no address and port/],
      ["TCP4 1.2.3.4 5.6.7.8 1 65536", /no address and port/],
      ["TCP4 1.2.3.4 5.6.7.8 1 -2", /no address and port/],
      ["TCP4 1.2.3.4 5.6.7.8 1 0x2", /no address and port/],
      ["TCP4 1.2.3.4 5.6.7.8 1 2\r", /no address and port/],
      ["TCP4 1.2.3.4 5.6.7.8 1 +2", /no address and port/],
      ["TCP4 1.2.3.4 5.6.7.8 1 99999999999999999999", /no address and port/],
      ["TCP4 01.2.3.4 5.6.7.8 1 2", /no address and port/],
      ["TCP4 1.2.3.256 5.6.7.8 1 2", /no address and port/],
      ["TCP4 1.2.3 5.6.7.8 1 2", /no address and port/],
      ["TCP4 1.2.3.4.5 5.6.7.8 1 2", /no address and port/],
      ["TCP4 1.2..4 5.6.7.8 1 2", /no address and port/],
      ["TCP4 ::1 ::1 1 2", /no address and port/],
      ["TCP4 1.2.3.4 ::1 1 2", /no address and port/],
      ["TCP4 localhost 5.6.7.8 1 2", /no address and port/],
      ["TCP6 1.2.3.4 5.6.7.8 1 2", /no address and port/],
      ["TCP6 ::1 1.2.3.4 1 2", /no address and port/],
      ["TCP6 ::1::2 ::1 1 2", /no address and port/],
      ["TCP6 1:2:3:4:5:6:7 ::1 1 2", /no address and port/],
      ["TCP6 1:2:3:4:5:6:7:8:9 ::1 1 2", /no address and port/],
      ["TCP6 12345::1 ::1 1 2", /no address and port/],
      ["TCP6 [::1] ::1 1 2", /no address and port/],
      ["TCP6 ::1]@[::2 ::1 1 2", /no address and port/],
      ["TCP6 fe80::1%eth0 ::1 1 2", /no address and port/],
      ["TCP6 ::g ::1 1 2", /no address and port/],
      ["TCP4 1.2.3.4 5.6.7.8 1", /number of fields/],
      ["TCP4 1.2.3.4 5.6.7.8 1 2 3", /number of fields/],
      ["TCP4 1.2.3.4 5.6.7.8 1 2 ", /number of fields/],
      ["TCP4  1.2.3.4 5.6.7.8 1 2", /number of fields/],
      ["TCP4", /number of fields/],
      ["UDP4 1.2.3.4 5.6.7.8 1 2", /none of TCP4/],
      ["tcp4 1.2.3.4 5.6.7.8 1 2", /none of TCP4/],
      ["UNKNOWNX", /none of TCP4/],
      ["", /none of TCP4/],
    ];
    for (const [text, reason] of hostile) assertMalformed(line(text), reason);
  });
});

describe("a PROXY header of version 2", () => {
  it("tells the addresses of TCP over IPv4 and IPv6", () => {
    assertHeader(binary(0x21, 0x11, ipv4Block), ipv4Pair);
    assertHeader(binary(0x21, 0x21, ipv6Block), ipv6Pair);
  });

  it("gives IPv4-mapped addresses as IPv4", () => {
    const mapped = Buffer.from(
      "00000000000000000000ffffc0a8000100000000000000000000ffffc0a8000bdc0401bb",
      "hex",
    );
    assertHeader(binary(0x21, 0x21, mapped), ipv4Pair);
  });

  it("may carry TLVs, which are skipped with it", () => {
    const tlvs = Buffer.concat([Buffer.of(0x02, 0, 8), Buffer.from("app.test"), Buffer.of(0x04, 0, 0)]);
    assertHeader(binary(0x21, 0x11, Buffer.concat([ipv4Block, tlvs])), ipv4Pair);
    assertHeader(binary(0x21, 0x21, Buffer.concat([ipv6Block, Buffer.alloc(300)])), ipv6Pair);
    const most = binary(0x21, 0x11, Buffer.concat([ipv4Block, Buffer.alloc(0xffff - 12)]));
    assert.deepEqual(readProxyHeader(most), { kind: "header", length: 16 + 0xffff, addresses: ipv4Pair });
  });

  it("tells none for LOCAL, whose family is ignored, whatever it is", () => {
    assertHeader(binary(0x20, 0x00, Buffer.alloc(0)), undefined);
    assertHeader(binary(0x20, 0x11, ipv4Block), undefined);
    assertHeader(binary(0x20, 0x11, Buffer.alloc(3)), undefined);
    assertHeader(binary(0x20, 0xff, Buffer.alloc(5)), undefined);
  });

  it("tells none for UNSPEC, UNIX and UDP", () => {
    assertHeader(binary(0x21, 0x00, Buffer.alloc(0)), undefined);
    assertHeader(binary(0x21, 0x00, Buffer.alloc(7)), undefined);
    assertHeader(binary(0x21, 0x01, Buffer.alloc(7)), undefined);
    assertHeader(binary(0x21, 0x10, ipv4Block), undefined);
    assertHeader(binary(0x21, 0x12, ipv4Block), undefined);
    assertHeader(binary(0x21, 0x22, ipv6Block), undefined);
    assertHeader(binary(0x21, 0x31, Buffer.alloc(216)), undefined);
    assertHeader(binary(0x21, 0x32, Buffer.alloc(216)), undefined);
  });

  it("is refused with another version, an unknown command, family or transport, before its addresses are there", () => {
    for (const command of [0x11, 0x31, 0x01, 0x22, 0x2f]) {
      assertMalformed(
        binary(command, 0x11, ipv4Block).subarray(0, 16),
        /version than 2, or an unknown command/,
      );
    }
    for (const family of [0x41, 0xf1, 0x13, 0x2f]) {
      assertMalformed(binary(0x21, family, ipv6Block).subarray(0, 16), /family or transport/);
    }
  });

  it("is refused when its block is too short for its family", () => {
    assertMalformed(binary(0x21, 0x11, ipv4Block.subarray(1)), /too short/);
    assertMalformed(binary(0x21, 0x21, ipv6Block.subarray(1)), /too short/);
    assertMalformed(binary(0x21, 0x21, ipv4Block), /too short/);
    assertMalformed(binary(0x21, 0x31, Buffer.alloc(215)), /too short/);
  });
});

describe("bytes without a PROXY header", () => {
  it("are known at the first that differs", () => {
    for (const [text, at] of [
      ["GET / HTTP/1.1\r\n", 1],
      ["\x16\x03\x01", 1],
      ["PROPFIND / HTTP/1.1\r\n", 4],
      ["PROXY\r\n", 6],
      ["\r\n\r\nGET", 5],
      ["\r\n\r\n\0\r\nQUIT\r", 12],
    ] as const) {
      assert.deepEqual(read(text.slice(0, at - 1)), { kind: "more", atLeast: at }, text);
      assert.deepEqual(read(text.slice(0, at)), { kind: "none" }, text);
      assert.deepEqual(read(text), { kind: "none" }, text);
    }
  });
});

describe("a written PROXY header", () => {
  it("has the form of the specification", () => {
    assert.equal(
      writeProxyHeader(1, ipv4Pair).toString("latin1"),
      "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n",
    );
    assert.equal(writeProxyHeader(1, ipv6Pair).toString("latin1"), "PROXY TCP6 2001:db8::1 ::1 1 65535\r\n");
    assert.deepEqual(writeProxyHeader(2, ipv4Pair), binary(0x21, 0x11, ipv4Block));
    assert.deepEqual(writeProxyHeader(2, ipv6Pair), binary(0x21, 0x21, ipv6Block));
  });

  it("is read back as it was written, also when the two addresses are of two families", () => {
    const random = randomNumbers(0x9009);
    const address = () => {
      if (random(2) === 0) return Array.from({ length: 4 }, () => random(256)).join(".");
      const groups = Array.from({ length: 8 }, () => (random(2) === 0 ? 0 : random(0x1_0000)).toString(16));
      return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
    };
    for (let round = 0; round < 2000; round += 1) {
      const addresses = pair(address(), random(0x1_0000), address(), random(0x1_0000));
      for (const version of [1, 2] as const) {
        const header = writeProxyHeader(version, addresses);
        assert.deepEqual(readProxyHeader(header), { kind: "header", length: header.length, addresses });
        assert.ok(version === 2 || header.length <= 107);
      }
    }
  });

  it("takes addresses as Node's sockets give them: IPv4-mapped, or with a zone", () => {
    const mapped = pair("::ffff:192.168.0.1", 56_324, "::ffff:192.168.0.11", 443);
    const zoned = pair("fe80::1%eth0", 1, "fe80::2%2", 2);
    for (const version of [1, 2] as const) {
      assert.deepEqual(writeProxyHeader(version, mapped), writeProxyHeader(version, ipv4Pair));
      assert.deepEqual(
        writeProxyHeader(version, zoned),
        writeProxyHeader(version, pair("fe80::1", 1, "fe80::2", 2)),
      );
    }
  });

  it("tells of an IPv4 address beside an IPv6 one as IPv4-mapped, for it has one family", () => {
    const [v4, v6] = ["192.168.0.1", "2001:db8::1"];
    assert.equal(
      writeProxyHeader(1, pair(v4, 1, v6, 2)).toString("latin1"),
      "PROXY TCP6 ::ffff:c0a8:1 2001:db8::1 1 2\r\n",
    );
    for (const version of [1, 2] as const) {
      for (const mixed of [pair(v4, 1, v6, 2), pair(v6, 1, v4, 2)]) {
        const header = writeProxyHeader(version, mixed);
        assert.deepEqual(readProxyHeader(header), {
          kind: "header",
          length: header.length,
          addresses: mixed,
        });
      }
    }
  });

  it("is not written for what is no address or no port", () => {
    for (const version of [1, 2] as const) {
      for (const text of ["localhost", "", "1.2.3", "1.2.3.4\r\n", "::1 ", "[::1]"]) {
        assert.throws(() => writeProxyHeader(version, pair(text, 1, "::1", 2)), TypeError);
      }
      for (const port of [-1, 65_536, Number.NaN, 1.5]) {
        assert.throws(() => writeProxyHeader(version, pair("::1", 1, "::1", port)), RangeError, `${port}`);
      }
    }
  });
});

describe("a mutated PROXY header", () => {
  it("never makes the reader throw, and is answered the same in one piece and in many", () => {
    const random = randomNumbers(0xa9);
    const samples = [1, 2].flatMap((version) =>
      [ipv4Pair, ipv6Pair].map((addresses) => writeProxyHeader(version === 1 ? 1 : 2, addresses)),
    );
    const start = performance.now();
    for (let round = 0; round < 30_000; round += 1) {
      const header = mutated(samples[random(samples.length)] ?? assert.fail(), random);
      const bytes = Buffer.concat([header, Buffer.alloc(random(3) === 0 ? 300 : 0, "x")]);
      const whole = readProxyHeader(bytes);
      if (whole.kind === "more") assert.ok(whole.atLeast > bytes.length);
      if (whole.kind === "header") assert.ok(whole.length <= bytes.length);
      const { answer } = arriving(bytes, 1 + random(20), readProxyHeader);
      assert.equal(answer.kind, whole.kind, JSON.stringify(bytes.toString("latin1")));
    }
    assert.ok(performance.now() - start < 20_000);
  });
});
