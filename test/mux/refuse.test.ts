import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { OneportError } from "../../src/core/errors.ts";
import { alertRecord, type TlsAlert, tlsAlert } from "../../src/core/tls-alert.ts";
import { captured } from "../core/hex-fixtures.ts";
import { connect, connectTls, outcome } from "./streams.ts";
import { freePort, startMux, startTcp } from "./support.ts";

const hello = captured("openssl_sclient_sni");

async function answerTo(port: number, bytes: Uint8Array) {
  const client = await connect(port);
  const answer = outcome(client);
  client.write(bytes);
  return answer;
}

/** `hello` with the byte at `at` changed to `value`. */
function changed(at: number, value: number): Buffer {
  const copy = Buffer.from(hello);
  copy[at] = value;
  return copy;
}

describe("A TLS client", () => {
  it("for a name without a route gets unrecognized_name, as OpenSSL reads it", async () => {
    await using mux = await startMux({ "other.test": "tcp://127.0.0.1:1" });
    const child = spawn("openssl", [
      "s_client",
      ...["-connect", `127.0.0.1:${mux.port}`, "-servername", "nobody.test"],
    ]);
    child.stdin.end();
    const [said, [status]] = await Promise.all([text(child.stderr), once(child, "exit")]);
    assert.notEqual(status, 0);
    assert.match(said, /tlsv1 unrecognized name.*SSL alert number 112/s);
    const { seen, route, ending } = await mux.report(() => true);
    assert.deepEqual(seen, { by: "sni", name: "nobody.test" });
    assert.equal(route, undefined);
    assert.ok(ending.how === "refused");
    assert.equal(ending.problem.code, "no-route");
    assert.match(ending.problem.message, /nobody\.test/);
  });

  it("gets nothing but that alert and the connection's proper end, of any version", async () => {
    await using mux = await startMux({});
    const alert = Buffer.of(0x15, 3, 1, 0, 2, 2, 112);
    for (const capture of ["chromium156_app.test", "curl_openssl3_tls12", "java17_localhost"]) {
      const answer = await answerTo(mux.port, captured(capture));
      assert.deepEqual(answer, { bytes: alert, error: undefined }, capture);
    }
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const connecting = connectTls(mux, "nobody.test", { minVersion: version, maxVersion: version });
      await assert.rejects(connecting, { code: "ERR_SSL_TLSV1_UNRECOGNIZED_NAME" });
    }
  });

  it("with a malformed ClientHello gets the alert that says so, even with a default route", async () => {
    await using service = await startTcp((socket) => socket.end());
    await using mux = await startMux({ "*": `tcp://127.0.0.1:${service.port}` });
    const broken: [string, Buffer, TlsAlert][] = [
      ["a record longer than records are", changed(3, 0x50), tlsAlert.recordOverflow],
      ["another handshake message", changed(5, 2), tlsAlert.unexpectedMessage],
      ["a session id longer than 32 bytes", changed(43, 33), tlsAlert.decodeError],
      [
        "an alert between two parts",
        Buffer.concat([Buffer.of(22, 3, 1, 0, 2, 1, 0), Buffer.of(21, 3, 1, 0, 2, 1, 0)]),
        tlsAlert.unexpectedMessage,
      ],
    ];
    for (const [what, bytes, alert] of broken) {
      const { bytes: answer, error } = await answerTo(mux.port, bytes);
      assert.deepEqual({ answer, error }, { answer: alertRecord(alert), error: undefined }, what);
    }
    const { ending } = await mux.report(() => true);
    assert.equal(ending.how === "refused" && ending.problem.code, "malformed-hello");
    assert.equal(service.sockets.size, 0);
  });

  it("that can speak nothing the route carries gets no_application_protocol", async () => {
    await using mux = await startMux({ "web.test": await freePort() });
    const connecting = connectTls(mux, "web.test", { ALPNProtocols: ["mqtt", "postgresql"] });
    await assert.rejects(connecting, { code: "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL" });
    const { seen, route, ending } = await mux.report(() => true);
    assert.deepEqual(seen, { by: "sni", name: "web.test" });
    assert.equal(route, "web.test");
    assert.ok(ending.how === "refused");
    assert.equal(ending.problem.code, "no-application-protocol");
    assert.match(ending.problem.message, /mqtt, postgresql/);
  });

  it("is refused with a name that is no domain, which is told as it came", async () => {
    await using service = await startTcp((socket) => socket.end());
    await using mux = await startMux({ "*": `tcp://127.0.0.1:${service.port}` });
    const hostile = [
      "<script>alert(1)</script>",
      "a..test",
      "-a.test",
      "__proto__.%00",
      `${"a".repeat(64)}.test`,
    ];
    for (const name of hostile) {
      await assert.rejects(connectTls(mux, name), { code: "ERR_SSL_TLSV1_UNRECOGNIZED_NAME" }, name);
      const { ending } = await mux.report(({ seen }) => seen.by === "sni" && seen.name === name);
      assert.equal(ending.how === "refused" && ending.problem.code, "no-route", name);
    }
    assert.equal(service.sockets.size, 0);
  });

  it("is not found a route by names that objects have", async () => {
    await using mux = await startMux({ "a.test": "tcp://127.0.0.1:1" });
    for (const name of ["constructor", "__proto__", "hasownproperty"]) {
      await assert.rejects(connectTls(mux, name), { code: "ERR_SSL_TLSV1_UNRECOGNIZED_NAME" }, name);
    }
  });

  it("gets internal_error when no certificate can be had", async () => {
    const problem = { code: "authority-damaged", message: "It is damaged.", remedy: "Make it anew." };
    const contextFor = () => Promise.reject(new OneportError(problem));
    await using mux = await startMux({ "*": "tcp://127.0.0.1:1" }, { contextFor });
    const answer = await answerTo(mux.port, hello);
    assert.deepEqual(answer, { bytes: alertRecord(tlsAlert.internalError), error: undefined });
    assert.deepEqual((await mux.report(() => true)).ending, { how: "refused", problem });
  });

  it("that does not hang up after its alert, and talks on, is cut off", async () => {
    await using mux = await startMux({});
    const client = await connect(mux.port);
    client.on("error", () => undefined);
    client.resume();
    client.write(hello);
    const talk = setInterval(() => client.write("and then"), 50);
    await new Promise<void>((resolve) => client.once("close", () => resolve()));
    clearInterval(talk);
    const { ending, milliseconds } = await mux.report(() => true);
    assert.equal(ending.how, "refused");
    assert.ok(milliseconds >= 1900 && milliseconds < 10_000);
  });
});

describe("A client that says too little", () => {
  const said: [string, Buffer][] = [
    ["nothing", Buffer.alloc(0)],
    ["half a ClientHello", hello.subarray(0, 100)],
    ["half a request", Buffer.from("GET / HTTP/1.1\r\nHost: a.te")],
  ];
  for (const [what, bytes] of said) {
    it(`is cut off and never routed, even with a default route (${what})`, async () => {
      await using service = await startTcp((socket) => socket.end());
      await using mux = await startMux(
        { "*": `tcp://127.0.0.1:${service.port}` },
        { helloMilliseconds: 150 },
      );
      const answer = await answerTo(mux.port, bytes);
      assert.deepEqual(answer, { bytes: Buffer.alloc(0), error: "ECONNRESET" });
      const { ending, received, milliseconds, seen } = await mux.report(() => true);
      assert.ok(ending.how === "refused");
      assert.equal(ending.problem.code, "silent-client");
      assert.match(ending.problem.message, /0\.15 s/);
      assert.deepEqual(seen, { by: "nothing" });
      assert.equal(received, bytes.length);
      assert.ok(milliseconds >= 149);
      assert.equal(service.sockets.size, 0);
    });
  }

  it("and ends by itself is let go", async () => {
    await using mux = await startMux({});
    for (const bytes of [Buffer.alloc(0), hello.subarray(0, 100)]) {
      const client = await connect(mux.port);
      client.end(bytes);
      assert.deepEqual(await outcome(client), { bytes: Buffer.alloc(0), error: undefined });
      const { ending } = await mux.report(({ received }) => received === bytes.length);
      assert.deepEqual(ending, { how: "closed" });
    }
  });
});
