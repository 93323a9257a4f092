import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { describe, it } from "node:test";
import tls from "node:tls";
import { type HelloRead, readClientHello } from "../../src/core/client-hello.ts";
import { alertRecord, tlsAlert } from "../../src/core/tls-alert.ts";
import {
  arriving,
  captured,
  captures,
  cpuMilliseconds,
  mutated,
  randomNumbers,
  records,
} from "./hex-fixtures.ts";

const both = ["h2", "http/1.1"];
const longName = [..."aaa"]
  .map((letter) => letter.repeat(63))
  .concat("b".repeat(61))
  .join(".");

/** What each captured client asked for: the name, and its ALPN list. */
const expected: Record<string, [serverName: string | undefined, alpn: string[]]> = {
  chromium156_UPPER: ["app.test", both],
  "chromium156_UPPER.1": ["app.test", both],
  "chromium156_UPPER.2": ["app.test", both],
  "chromium156_app.test": ["app.test", both],
  "chromium156_app.test.1": ["app.test", both],
  "chromium156_app.test.2": ["app.test", both],
  chromium156_ip: [undefined, both],
  "chromium156_ip.1": [undefined, both],
  "chromium156_ip.2": [undefined, both],
  chromium156_localhost: ["localhost", both],
  "chromium156_localhost.1": ["localhost", both],
  "chromium156_localhost.2": ["localhost", both],
  chromium156_trailing_dot: ["app.test.", both],
  "chromium156_trailing_dot.1": ["app.test.", both],
  "chromium156_trailing_dot.2": ["app.test.", both],
  chromium156_underscore: ["my_app.test", both],
  "chromium156_underscore.1": ["my_app.test", both],
  "chromium156_underscore.2": ["my_app.test", both],
  chromium156_wss: ["ws.test", ["http/1.1"]],
  curl_openssl3_UPPER: ["app.test", both],
  "curl_openssl3_app.test": ["app.test", both],
  curl_openssl3_idn: ["xn--bcher-kva.test", both],
  curl_openssl3_ip: [undefined, both],
  curl_openssl3_localhost: ["localhost", both],
  curl_openssl3_tls12: ["app.test", both],
  curl_openssl3_trailing_dot: ["app.test", both],
  curl_openssl3_underscore: ["my_app.test", both],
  "firefox153_app.test": ["app.test", both],
  firefox153_ip: [undefined, both],
  firefox153_underscore: ["my_app.test", both],
  gnutls_disable_sni: [undefined, []],
  gnutls_ip: [undefined, []],
  gnutls_sni: ["app.test", []],
  go119_ip: [undefined, []],
  go119_sni: ["app.test", []],
  go119_trailing_dot: ["app.test", []],
  java17_localhost: [undefined, []],
  java17_sni: ["app.test", []],
  node24_fetch: ["localhost", ["http/1.1"]],
  node24_https_localhost: ["localhost", []],
  node24_tls_nosni_ip: [undefined, []],
  node24_tls_sni: ["app.test", both],
  node_pg_direct: ["localhost", ["postgresql"]],
  openssl_sclient_alpn_h2: ["app.test", both],
  openssl_sclient_maxfrag512: ["app.test", []],
  openssl_sclient_nosni: [undefined, []],
  openssl_sclient_sni: ["app.test", []],
  openssl_sclient_sni255: [longName, []],
  openssl_sclient_sni_upper_dot: ["APP.Test.", []],
  openssl_sclient_splitsend128: ["app.test", []],
  psql15_sslrequest_localhost: ["localhost", []],
  psql15_sslrequest_name: ["pg.test", []],
  psql_libpq18_direct: ["pg.test", ["postgresql"]],
  python_ssl: ["app.test", []],
  python_ssl_tls12: ["app.test", []],
  redis_cli_nosni: [undefined, []],
  redis_cli_sni: ["redis.test", []],
};

function hello(serverName: string | undefined, alpn: string[] = []): HelloRead {
  return { kind: "hello", hello: { serverName, alpn } };
}

function expectedHello(name: string): HelloRead {
  const [serverName, alpn] = expected[name] ?? assert.fail(`no expectation for ${name}`);
  return hello(serverName, alpn);
}

/** Bytes behind their own length in `prefix` bytes, as TLS writes a vector. */
function vector(prefix: 1 | 2 | 3, ...content: (Uint8Array | string)[]): Buffer {
  const data = Buffer.concat(
    content.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : part)),
  );
  const length = Buffer.alloc(prefix);
  length.writeUIntBE(data.length, 0, prefix);
  return Buffer.concat([length, data]);
}

function extension(type: number, ...content: (Uint8Array | string)[]): Buffer {
  return Buffer.concat([Buffer.of(type >> 8, type & 0xff), vector(2, ...content)]);
}

function hostName(name: Uint8Array | string): Buffer {
  return Buffer.concat([Buffer.of(0), vector(2, name)]);
}

function sni(...names: Uint8Array[]): Buffer {
  return extension(0, vector(2, ...names));
}

/** A ClientHello message whose extensions are these; `undefined` leaves out even their length. */
function message(extensions: readonly Uint8Array[] | undefined): Buffer {
  const start = Buffer.concat([
    Buffer.of(3, 3),
    Buffer.alloc(32, 7),
    vector(1, ""),
    vector(2, "\x13\x01"),
    vector(1, "\0"),
  ]);
  const block = extensions === undefined ? Buffer.alloc(0) : vector(2, ...extensions);
  return Buffer.concat([Buffer.of(1), vector(3, start, block)]);
}

function helloWith(...extensions: Uint8Array[]): Buffer {
  return records(message(extensions), 16_384);
}

function assertRefused(bytes: Uint8Array, alert: number, reason: RegExp): void {
  const read = readClientHello(bytes);
  assert.equal(read.kind, "malformed", JSON.stringify(read));
  if (read.kind !== "malformed") return;
  assert.match(read.reason, reason);
  assert.equal(read.alert, alert);
}

describe("a captured ClientHello", () => {
  it("has an expectation in this file, and every expectation a capture", () => {
    assert.deepEqual(Object.keys(expected).sort(), [...captures].sort());
    assert.equal(captures.length, 57);
  });

  for (const name of captures) {
    const bytes = captured(name);
    const whole = expectedHello(name);

    it(`gives name and ALPN: ${name}`, () => {
      assert.deepEqual(readClientHello(bytes), whole);
      assert.deepEqual(readClientHello(new Uint8Array(bytes)), whole);
    });

    it(`asks for more, and never for too much, at every split: ${name}`, () => {
      for (let length = 0; length < bytes.length; length += 1) {
        const read = readClientHello(bytes.subarray(0, length));
        assert.ok(
          read.kind === "more" && read.atLeast > length && read.atLeast <= bytes.length,
          `at ${length}`,
        );
      }
    });

    it(`is the same in records of any size: ${name}`, () => {
      for (const size of [1, 2, 3, 4, 5, 100, 1000, 16_384]) {
        const cut = records(bytes.subarray(5), size);
        assert.deepEqual(readClientHello(cut), whole, `records of ${size}`);
        for (const segment of [1, 1400]) {
          const { answer, readings } = arriving(cut, segment, readClientHello);
          assert.deepEqual(answer, whole, `records of ${size}, segments of ${segment}`);
          assert.ok(readings < 60, `${readings} readings`);
        }
      }
    });

    it(`is not disturbed by what follows: ${name}`, () => {
      const early = Buffer.concat([bytes, Buffer.of(20, 3, 3, 0, 1, 1, 23, 3, 3, 0xff, 0xff, 0)]);
      assert.deepEqual(readClientHello(early), whole);
      const sameRecord = records(Buffer.concat([bytes.subarray(5), Buffer.alloc(9)]), 16_384);
      assert.deepEqual(readClientHello(sameRecord), whole);
    });
  }

  it("asks for no more than is left when its records are as small as can be, at every split", () => {
    const cut = records(captured("python_ssl_tls12").subarray(5), 1);
    for (let length = 0; length < cut.length; length += 1) {
      const read = readClientHello(cut.subarray(0, length));
      assert.ok(read.kind === "more" && read.atLeast > length && read.atLeast <= cut.length, `at ${length}`);
    }
  });
});

describe("a server name", () => {
  it("keeps case, underscore and trailing dot as sent", () => {
    assert.deepEqual(readClientHello(helloWith(sni(hostName("My_App.Test.")))), hello("My_App.Test."));
  });

  it("may be 255 bytes long and no longer", () => {
    assert.deepEqual(readClientHello(helloWith(sni(hostName("a".repeat(255))))), hello("a".repeat(255)));
    assertRefused(helloWith(sni(hostName("a".repeat(256)))), tlsAlert.unrecognizedName, /more than 255/);
  });

  it("counts as none when it is an IP address, which RFC 6066 forbids", () => {
    for (const address of ["127.0.0.1", "127.0.0.1.", "192.168.34.56", "::1", "fe80::1%eth0"]) {
      assert.deepEqual(readClientHello(helloWith(sni(hostName(address)))), hello(undefined), address);
    }
    assert.deepEqual(readClientHello(helloWith(sni(hostName("1.2.3.4a")))), hello("1.2.3.4a"));
  });

  it("is refused with NUL, control, space, DEL or non-ASCII characters, wherever they stand", () => {
    for (const name of [
      "a.test\0",
      "\0a.test",
      "evil.test\0.a.test",
      "a\n.test",
      "a b",
      "a\x7f",
      "b\u00fccher.test",
      "\xff",
    ]) {
      assertRefused(helloWith(sni(hostName(name))), tlsAlert.illegalParameter, /not plain ASCII/);
    }
    assertRefused(helloWith(sni(hostName("\0::1"))), tlsAlert.illegalParameter, /not plain ASCII/);
  });

  it("is refused when there are two, even two of the same or an address first", () => {
    for (const [first, second] of [
      ["a.test", "b.test"],
      ["a.test", "a.test"],
      ["127.0.0.1", "a.test"],
    ] as const) {
      const bytes = helloWith(sni(hostName(first), hostName(second)));
      assertRefused(bytes, tlsAlert.illegalParameter, /more than one server name/);
    }
  });

  it("is found beside names of a type that is not defined yet", () => {
    const other = Buffer.concat([Buffer.of(7), vector(2, "\0\xff")]);
    assert.deepEqual(readClientHello(helloWith(sni(other, hostName("a.test"), other))), hello("a.test"));
    assert.deepEqual(readClientHello(helloWith(sni(other))), hello(undefined));
  });

  it("is refused when it or its list is empty, or a length does not fit", () => {
    const list = vector(2, hostName("a.test"));
    for (const broken of [
      extension(0),
      extension(0, vector(2, "")),
      sni(hostName("")),
      extension(0, list, "x"),
      extension(0, list.subarray(0, -1)),
      extension(0, vector(2, Buffer.of(0, 0, 200), "a.test")),
      extension(0, vector(2, hostName("a.test"), Buffer.of(0, 0))),
    ]) {
      assertRefused(helloWith(broken), tlsAlert.decodeError, /broken length of/);
    }
  });
});

describe("the ALPN list", () => {
  it("is kept in order, GREASE included, one character a byte", () => {
    const bytes = helloWith(
      extension(16, vector(2, vector(1, "\xfa\xfa"), vector(1, "h2"), vector(1, "http/1.1"))),
    );
    assert.deepEqual(readClientHello(bytes), hello(undefined, ["\xfa\xfa", "h2", "http/1.1"]));
  });

  it("is refused when it is empty, holds an empty name, or a length does not fit", () => {
    for (const list of [
      vector(2, ""),
      vector(2, vector(1, "h2"), vector(1, "")),
      vector(2, "\x09h2"),
      Buffer.of(0, 9, 2),
    ]) {
      assertRefused(helloWith(extension(16, list)), tlsAlert.decodeError, /ALPN/);
    }
  });
});

describe("a ClientHello's extensions", () => {
  it("may be missing or empty", () => {
    assert.deepEqual(readClientHello(records(message(undefined), 100)), hello(undefined));
    assert.deepEqual(readClientHello(helloWith()), hello(undefined));
  });

  it("are refused when one comes twice, known or not, GREASE or not", () => {
    const name = sni(hostName("a.test"));
    for (const twice of [
      name,
      extension(16, vector(2, vector(1, "h2"))),
      extension(0x0a0a),
      extension(0xffff, "x"),
    ]) {
      assertRefused(helloWith(twice, extension(5), twice), tlsAlert.illegalParameter, /comes twice/);
    }
  });

  it("count as coming twice only within one hello, however many were read before", () => {
    for (const everySo of [1, 255, 256]) {
      const hellos = Array.from({ length: everySo }, (_, type) => helloWith(extension(1000 + type)));
      for (const bytes of [...hellos, ...hellos, ...hellos]) {
        assert.deepEqual(readClientHello(bytes), hello(undefined));
      }
    }
  });

  it("are refused when one comes twice, however many hellos were read before", () => {
    const fine = helloWith(extension(5));
    for (let read = 0; read < 600; read++) {
      assertRefused(helloWith(extension(5), extension(5)), tlsAlert.illegalParameter, /comes twice/);
      assert.deepEqual(readClientHello(fine), hello(undefined));
    }
  });

  it("are refused when the length of one does not fit", () => {
    assertRefused(helloWith(extension(5), Buffer.of(0, 6, 0, 1)), tlsAlert.decodeError, /of an extension/);
    assertRefused(helloWith(extension(5), Buffer.of(0, 6, 0)), tlsAlert.decodeError, /of an extension/);
  });

  it("are stepped over when they are GREASE or ECH, whatever they hold", () => {
    const name = sni(hostName("a.test"));
    const bytes = helloWith(
      extension(0x1a1a),
      extension(0xfe0d, "\0\xff".repeat(100)),
      name,
      extension(0xfafa, "\0"),
    );
    assert.deepEqual(readClientHello(bytes), hello("a.test"));
  });

  it("may fill the 64 KiB with ever new types without taking long", () => {
    const many = Array.from({ length: 16_000 }, (_, type) => extension(type + 100));
    const bytes = helloWith(...many, sni(hostName("a.test")));
    const start = cpuMilliseconds();
    assert.deepEqual(readClientHello(bytes), hello("a.test"));
    assert.ok(cpuMilliseconds() - start < 1500);
  });
});

describe("a record", () => {
  const name = message([sni(hostName("a.test"))]);

  it("is refused when it is empty or longer than 16,384 bytes, first or later", () => {
    const empty = Buffer.of(22, 3, 1, 0, 0);
    const tooLong = Buffer.of(22, 3, 1, 0x40, 1);
    const begun = records(name.subarray(0, 20), 20);
    assertRefused(empty, tlsAlert.decodeError, /empty/);
    assertRefused(tooLong, tlsAlert.recordOverflow, /more than 16384/);
    assertRefused(Buffer.concat([empty, records(name, 100)]), tlsAlert.decodeError, /empty/);
    assertRefused(Buffer.concat([begun, empty]), tlsAlert.decodeError, /empty/);
    assertRefused(Buffer.concat([begun, tooLong]), tlsAlert.recordOverflow, /more than 16384/);
  });

  it("is refused when it is of another type or no TLS at all, first or later", () => {
    const begun = records(name.subarray(0, 20), 20);
    const alert = Buffer.of(21, 3, 1, 0, 2, 1, 0);
    const ssl2 = Buffer.of(0x80, 0x2e, 1, 3, 1, 0, 0x15);
    for (const bytes of [alert, ssl2, Buffer.from("GET / HTTP/1.1\r\n"), Buffer.concat([begun, alert])]) {
      assertRefused(bytes, tlsAlert.unexpectedMessage, /another type/);
    }
    assertRefused(Buffer.of(22, 0xfe, 0xfd, 0, 9, 1, 0, 0, 0), tlsAlert.protocolVersion, /other version/);
  });

  it("may hold 16,384 bytes, and the hello many of them up to 64 KiB", () => {
    for (const padding of [16_200, 40_000, 65_400]) {
      const long = message([extension(21, Buffer.alloc(padding)), sni(hostName("a.test"))]);
      const cut = records(long, 16_384);
      assert.deepEqual(readClientHello(cut), hello("a.test"));
      for (const segment of [1, 1400, 20_000]) {
        const { answer, readings } = arriving(cut, segment, readClientHello);
        assert.deepEqual(answer, hello("a.test"));
        assert.ok(readings < 20, `${readings} readings`);
      }
    }
  });

  it("is refused when the hello it begins is longer than 64 KiB, in one record or several", () => {
    const begun = Buffer.of(1, 1, 0, 1, 3, 3);
    for (const size of [1, 6])
      assertRefused(records(begun, size), tlsAlert.illegalParameter, /more than 65536/);
    const read = readClientHello(records(Buffer.of(1, 1, 0, 0, 3, 3), 6));
    assert.deepEqual(read, { kind: "more", atLeast: 5 + 6 + 5 * 4 + 65_534 });
  });

  it("is refused when it holds another handshake message, in one record or several", () => {
    for (const size of [1, 3, 40]) {
      assertRefused(records(Buffer.alloc(40, 2), size), tlsAlert.unexpectedMessage, /other than ClientHello/);
    }
  });

  it("may be of one byte up to 4,096 of them, which takes few readings and little time", () => {
    const padded = (length: number) =>
      message([sni(hostName("a.test")), extension(21, Buffer.alloc(length - 66))]);
    const most = padded(4096);
    assert.equal(most.length, 4096);
    const start = cpuMilliseconds();
    const { answer, readings } = arriving(records(most, 1), 1, readClientHello);
    assert.deepEqual(answer, hello("a.test"));
    assert.ok(readings < 60, `${readings} readings`);
    const tooMany = arriving(records(padded(60_000), 1), 1, readClientHello);
    assert.equal(tooMany.answer.kind, "malformed");
    assert.ok(tooMany.readings < 60, `${tooMany.readings} readings`);
    assert.ok(cpuMilliseconds() - start < 2500);
  });
});

describe("a broken ClientHello", () => {
  it("is refused when it ends before its own fields do", () => {
    const whole = message([sni(hostName("a.test"))]);
    for (let length = 4; length < whole.length; length += 1) {
      const body = whole.subarray(4, length);
      const read = readClientHello(records(Buffer.concat([Buffer.of(1), vector(3, body)]), 16_384));
      // Without its extensions it is whole again, as TLS 1.2 allows.
      const expectation = length === message(undefined).length ? hello(undefined).kind : "malformed";
      assert.equal(read.kind, expectation, `${length}`);
    }
  });

  it("is refused when bytes are left over after its extensions", () => {
    const body = message([sni(hostName("a.test"))]).subarray(4);
    const longer = Buffer.concat([Buffer.of(1), vector(3, body, "x")]);
    assertRefused(records(longer, 16_384), tlsAlert.decodeError, /of the extensions/);
  });

  it("is refused with a long session id, an odd or empty list of cipher suites, no compression method", () => {
    const body = (session: Buffer, suites: Buffer, compression: Buffer) =>
      records(
        Buffer.concat([Buffer.of(1), vector(3, Buffer.alloc(34), session, suites, compression)]),
        16_384,
      );
    const [session, suites, compression] = [vector(1, ""), vector(2, "\x13\x01"), vector(1, "\0")];
    assert.deepEqual(readClientHello(body(session, suites, compression)), hello(undefined));
    for (const bytes of [
      body(vector(1, "s".repeat(33)), suites, compression),
      body(session, vector(2, "\x13\x01\x13"), compression),
      body(session, vector(2, ""), compression),
      body(session, suites, vector(1, "")),
    ]) {
      assertRefused(bytes, tlsAlert.decodeError, /before the extensions/);
    }
  });

  it("never gives another name when any one bit outside the name is wrong", () => {
    for (const name of ["chromium156_app.test", "curl_openssl3_tls12", "java17_sni", "psql_libpq18_direct"]) {
      const bytes = captured(name);
      const serverName = expected[name]?.[0] ?? assert.fail();
      const start = bytes.indexOf(serverName, 0, "latin1");
      for (let bit = 0; bit < bytes.length * 8; bit += 1) {
        const at = bit >> 3;
        if (at >= start && at < start + serverName.length) continue;
        const wrong = Buffer.from(bytes);
        wrong[at] = (wrong[at] ?? 0) ^ (1 << (bit & 7));
        const read = readClientHello(wrong);
        if (read.kind === "hello")
          assert.ok([serverName, undefined].includes(read.hello.serverName), `${name} at ${at}`);
      }
    }
  });

  it("never makes the reader throw or take long, and a refusal says why", () => {
    const random = randomNumbers(0x0ce9_0471);
    const hellos = captures.map(captured);
    const start = cpuMilliseconds();
    for (let round = 0; round < 60_000; round += 1) {
      const hello = hellos[random(hellos.length)] ?? assert.fail();
      const cut = random(3) === 0 ? records(hello.subarray(5), 1 + random(700)) : hello;
      const bytes = mutated(cut, random);
      const read = readClientHello(bytes);
      if (read.kind === "more") assert.ok(read.atLeast > bytes.length, `round ${round}`);
      if (read.kind === "malformed")
        assert.ok(read.reason.length > 0 && alertRecord(read.alert).length === 7);
      if (read.kind === "hello") assert.match(read.hello.serverName ?? "", /^[\x21-\x7e]{0,255}$/);
    }
    assert.ok(cpuMilliseconds() - start < 20_000);
  });
});

describe("an alert record", () => {
  it("has the numbers of RFC 8446, RFC 6066 and RFC 7301", () => {
    assert.deepEqual(tlsAlert, {
      unexpectedMessage: 10,
      recordOverflow: 22,
      illegalParameter: 47,
      decodeError: 50,
      protocolVersion: 70,
      internalError: 80,
      unrecognizedName: 112,
      noApplicationProtocol: 120,
    });
  });

  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    it(`tells a client of ${version} what was wrong`, async () => {
      const server = net.createServer((socket) => {
        socket.on("error", () => {});
        socket.once("data", () => socket.end(alertRecord(tlsAlert.unrecognizedName)));
      });
      await once(server.listen(0, "127.0.0.1"), "listening");
      const address = server.address();
      assert.ok(typeof address === "object" && address !== null);
      const client = tls.connect({
        port: address.port,
        host: "127.0.0.1",
        minVersion: version,
        maxVersion: version,
      });
      await assert.rejects(once(client, "secureConnect"), { code: "ERR_SSL_TLSV1_UNRECOGNIZED_NAME" });
      client.destroy();
      server.close();
      await once(server, "close");
    });
  }
});
