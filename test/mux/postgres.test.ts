import assert from "node:assert/strict";
import type net from "node:net";
import { describe, it } from "node:test";
import tls from "node:tls";
import { connectOwn, inPieces, secure, sendPieces } from "./pieces.ts";
import { connect, outcome, ownCertificate, read } from "./streams.ts";
import { freePort, startHttp, startMux, startTcp } from "./support.ts";

const sslRequest = Buffer.of(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f);
const gssRequest = Buffer.of(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30);
const startup = Buffer.from("\0\0\0\x11\0\x03\0\0user\0a\0\0\0", "latin1");

const echo = (socket: net.Socket) => void socket.pipe(socket);

/** Sends a request to encrypt, and gives the answer. */
async function request(socket: net.Socket, bytes: Buffer): Promise<string> {
  socket.write(bytes);
  return String(await read(socket, 1));
}

/** A service that answers PostgreSQL's request with these bytes, and with TLS if they are "S". */
async function startPostgres(answer: string, own: { readonly cert: string; readonly key: string }) {
  const asked: Buffer[] = [];
  const service = await startTcp((socket) => {
    void read(socket, 8).then((bytes) => {
      asked.push(bytes);
      socket.write(answer);
      if (answer !== "S") return;
      const secured = new tls.TLSSocket(socket, { isServer: true, ...own });
      secured.on("error", () => undefined);
      secured.pipe(secured);
    });
  });
  return Object.assign(service, { asked });
}

/** What a refused client is told, by the letters of an ErrorResponse's fields. */
async function errorOf(socket: net.Socket): Promise<Map<string, string>> {
  const { bytes, error } = await outcome(socket);
  assert.equal(error, undefined);
  assert.equal(bytes.toString("latin1", 0, 1), "E");
  assert.equal(bytes.readUInt32BE(1), bytes.length - 1);
  const fields = bytes.toString("utf8", 5, bytes.length - 2).split("\0");
  return new Map(fields.map((field) => [field.slice(0, 1), field.slice(1)]));
}

/** The code of the fatal alert that a refused handshake ends with. */
async function alertOf(socket: net.Socket, servername: string): Promise<string> {
  const secured = tls.connect({ socket, servername });
  return (await outcome(secured)).error ?? "none";
}

describe("A PostgreSQL client", () => {
  it("reaches its service by the SNI after its request, in pieces of any size", async () => {
    await using one = await startTcp(echo);
    await using two = await startTcp((socket) => socket.end("two"));
    await using mux = await startMux({
      "one.test": `tcp://127.0.0.1:${one.port}`,
      "two.test": `tcp://127.0.0.1:${two.port}`,
    });

    for (const size of [1, 3, 8]) {
      const raw = await connect(mux.port);
      await sendPieces(raw, sslRequest, size);
      assert.equal(String(await read(raw, 1)), "S");
      const client = await secure(inPieces(raw, 100 * size), mux, "one.test", {
        ALPNProtocols: ["postgresql"],
      });
      assert.equal(client.alpnProtocol, "postgresql");
      client.write(startup);
      assert.deepEqual(await read(client, startup.length), startup, "the service sees the start-up alone");
      client.destroy();
    }
    const raw = await connect(mux.port);
    assert.equal(await request(raw, sslRequest), "S");
    assert.equal(String((await outcome(await secure(raw, mux, "two.test"))).bytes), "two");
    const report = await mux.report(({ route }) => route === "two.test");
    assert.deepEqual(report.seen, { by: "sni", name: "two.test" });
  });

  it("may begin with TLS at once, as with sslnegotiation=direct", async () => {
    await using service = await startTcp(echo);
    await using mux = await startMux({ "db.test": `tcp://127.0.0.1:${service.port}` });

    const client = await secure(await connect(mux.port), mux, "db.test", { ALPNProtocols: ["postgresql"] });
    assert.equal(client.alpnProtocol, "postgresql");
    client.write(startup);
    assert.deepEqual(await read(client, startup.length), startup);
    client.destroy();
  });

  it("is denied GSSAPI, and goes on with TLS or in the clear", async () => {
    await using service = await startTcp(echo);
    await using mux = await startMux({ "db.test": `tcp://127.0.0.1:${service.port}` });

    for (const open of [() => connect(mux.port), () => connectOwn(mux, "db.test")]) {
      const raw = await open();
      assert.equal(await request(raw, gssRequest), "N");
      assert.equal(await request(raw, sslRequest), "S");
      const client = await secure(raw, mux, "db.test");
      client.write(startup);
      assert.deepEqual(await read(client, startup.length), startup);
      client.destroy();
    }
    const plain = await connectOwn(mux, "db.test");
    assert.equal(await request(plain, gssRequest), "N");
    plain.write(startup);
    assert.deepEqual(await read(plain, startup.length), startup);
    plain.destroy();
  });

  it("reaches the service of an address in the clear, and inside TLS without SNI", async () => {
    await using service = await startTcp(echo);
    await using mux = await startMux({ "db.test": `tcp://127.0.0.1:${service.port}` });

    const plain = await connectOwn(mux, "db.test");
    plain.write(startup);
    assert.deepEqual(await read(plain, startup.length), startup);
    plain.destroy();
    const raw = await connectOwn(mux, "db.test");
    assert.equal(await request(raw, sslRequest), "S");
    const client = await secure(raw, mux, "db.test", { servername: "" });
    client.write(startup);
    assert.deepEqual(await read(client, startup.length), startup);
    client.destroy();
  });

  it("keeps its TLS to the end with a service that holds its own certificate", async () => {
    const own = await ownCertificate("auth.test");
    await using service = await startPostgres("S", own);
    await using mux = await startMux({ "auth.test": `tls://127.0.0.1:${service.port}` });

    for (const open of [() => connect(mux.port), () => connectOwn(mux, "auth.test")]) {
      const raw = await open();
      assert.equal(await request(raw, sslRequest), "S");
      const client = await secure(raw, { root: own.cert }, "auth.test");
      client.write(startup);
      assert.deepEqual(await read(client, startup.length), startup);
      client.destroy();
    }
    assert.deepEqual(service.asked, [sslRequest, sslRequest]);
  });

  it("is refused where such a service declines, or says anything before its TLS (CVE-2021-23222)", async () => {
    const own = await ownCertificate("auth.test");
    for (const answer of ["N", "Sx", "SS", "E"]) {
      await using service = await startPostgres(answer, own);
      await using mux = await startMux({ "auth.test": `tls://127.0.0.1:${service.port}` });
      const raw = await connect(mux.port);
      assert.equal(await request(raw, sslRequest), "S");
      assert.equal(await alertOf(raw, "auth.test"), "ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR", answer);
      const { ending } = await mux.report(() => true);
      assert.equal(ending.how === "refused" && ending.problem.code, "target-without-tls", answer);
      assert.deepEqual(service.asked, [sslRequest]);
      for (const socket of service.sockets) await outcome(socket);
    }
  });

  it("is refused where such a service says nothing at all", async () => {
    const own = await ownCertificate("auth.test");
    await using service = await startPostgres("", own);
    await using mux = await startMux({ "auth.test": `tls://127.0.0.1:${service.port}` });

    const raw = await connect(mux.port);
    assert.equal(await request(raw, sslRequest), "S");
    assert.equal(await alertOf(raw, "auth.test"), "ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR");
    const { milliseconds } = await mux.report(() => true);
    assert.ok(milliseconds >= 10_000 && milliseconds < 13_000, `${milliseconds} ms`);
  });

  it("takes such a service along at once when it breaks off before that has said anything", async () => {
    const opened = Promise.withResolvers<net.Socket>();
    await using service = await startTcp((socket) => opened.resolve(socket));
    await using mux = await startMux({ "auth.test": `tls://127.0.0.1:${service.port}` });
    const raw = await connect(mux.port);
    assert.equal(await request(raw, sslRequest), "S");
    tls.connect({ socket: raw, servername: "auth.test" }).on("error", () => undefined);
    const socket = await opened.promise;
    assert.deepEqual(await read(socket, 8), sslRequest);
    const left = outcome(socket);
    const start = performance.now();
    raw.resetAndDestroy();
    await left;
    assert.ok(performance.now() - start < 5000, "long before the answer would have been too late");
    const { ending } = await mux.report(() => true);
    assert.deepEqual(ending, { how: "reset", by: "client" });
  });

  it("is told by an alert that its route carries HTTP, or that there is none", async () => {
    await using web = await startHttp((_request, response) => void response.end());
    await using mux = await startMux({ "web.test": `http://127.0.0.1:${web.port}` });

    for (const [name, code, problem] of [
      ["web.test", "ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR", "not-a-stream"],
      ["none.test", "ERR_SSL_TLSV1_UNRECOGNIZED_NAME", "no-route"],
    ] as const) {
      const raw = await connect(mux.port);
      assert.equal(await request(raw, sslRequest), "S");
      assert.equal(await alertOf(raw, name), code);
      await mux.report(({ ending }) => ending.how === "refused" && ending.problem.code === problem);
    }
  });

  it("that names nothing in the clear is told why, in its own words", async () => {
    await using mux = await startMux({});
    const client = await connect(mux.port);
    client.write(startup);
    const fields = await errorOf(client);
    assert.equal(fields.get("S"), "FATAL");
    assert.equal(fields.get("C"), "08004");
    assert.match(fields.get("M") ?? "", /carries no name/);
    assert.match(fields.get("H") ?? "", /address of the domain's own/);
  });

  it("is told in its own words that its service is not up", async () => {
    const port = await freePort();
    const route = { to: `tcp://127.0.0.1:${port}`, hold: 0.3 };
    await using mux = await startMux({ "db.test": route, "*": route });
    for (const open of [() => connect(mux.port), () => connectOwn(mux, "db.test")]) {
      const client = await open();
      client.write(startup);
      const fields = await errorOf(client);
      assert.match(fields.get("M") ?? "", new RegExp(`tcp://127.0.0.1:${port} is not up`));
      assert.match(fields.get("H") ?? "", /Start the service/);
    }
  });
});
