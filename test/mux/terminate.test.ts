import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import tls from "node:tls";
import { until } from "./http-support.ts";
import { connect, connectTls, outcome, read, turn } from "./streams.ts";
import { startHttp, startMux, startTcp } from "./support.ts";

/** OpenSSL has it from 3.5 on. */
function hasMlKem(): boolean {
  const [major = 0, minor = 0] = process.versions.openssl.split(".").map(Number);
  return major > 3 || (major === 3 && minor >= 5);
}

const versions = ["TLSv1.2", "TLSv1.3"] as const;

describe("TLS on a tcp:// route", () => {
  for (const version of versions) {
    it(`is ended here with a certificate for the name, and the service gets the plain bytes (${version})`, async () => {
      const heard: string[] = [];
      await using service = await startTcp((socket) => {
        socket.on("data", (chunk) => {
          heard.push(String(chunk));
          socket.write("answer");
        });
        socket.on("end", () => socket.end());
      });
      await using mux = await startMux({ "db.test": `tcp://127.0.0.1:${service.port}` });

      const client = await connectTls(mux, "db.test", { minVersion: version, maxVersion: version });
      assert.equal(client.authorized, true);
      assert.equal(client.getProtocol(), version);
      assert.equal(client.getPeerCertificate().subjectaltname, "DNS:db.test");
      client.write("question");
      assert.equal(String(await read(client, 6)), "answer");
      client.end();
      assert.equal((await outcome(client)).error, undefined);
      assert.deepEqual(heard, ["question"]);

      const report = await mux.report(() => true);
      assert.deepEqual(report.seen, { by: "sni", name: "db.test" });
      assert.equal(report.target, `tcp://127.0.0.1:${service.port}`);
      assert.deepEqual(report.ending, { how: "closed" });
      assert.equal(report.requests, 0);
      assert.ok(report.received > 250 && report.sent > 500, "the handshake counts");
    });

    it(`is over for a client that breaks off right after its handshake (${version})`, async () => {
      await using service = await startTcp((socket) => {
        socket.on("error", () => undefined);
        socket.on("data", () => socket.write("answer"));
      });
      await using mux = await startMux({ "db.test": `tcp://127.0.0.1:${service.port}` });
      const options = { servername: "db.test", ca: mux.root, minVersion: version, maxVersion: version };
      const clients = 40;
      for (let count = 0; count < clients; count++) {
        const raw = await connect(mux.port);
        const client = tls.connect({ socket: raw, host: "127.0.0.1", ...options });
        client.on("error", () => undefined);
        await once(client, "secureConnect");
        client.write("question");
        await turn();
        raw.resetAndDestroy();
      }
      const reports = () => mux.events.filter((event) => event.type === "connection");
      await until(() => reports().length === clients, "every one is reported");
      for (const { connection } of reports())
        assert.deepEqual(connection.ending, { how: "reset", by: "client" });
      await until(() => service.sockets.size === 0, "the service is left");
    });

    it(`can be resumed (${version})`, async () => {
      await using service = await startTcp((socket) => socket.pipe(socket));
      await using mux = await startMux({ "db.test": `tcp://127.0.0.1:${service.port}` });
      const options = { minVersion: version, maxVersion: version };

      const first = await connectTls(mux, "db.test", options);
      // In TLS 1.3 tickets come after the handshake, in TLS 1.2 within it.
      const session = first.getSession();
      const ticket = version === "TLSv1.2" ? session : (await once(first, "session"))[0];
      first.end();
      await outcome(first);

      const second = await connectTls(mux, "db.test", { ...options, session: ticket });
      assert.equal(second.isSessionReused(), true);
      second.write("still served");
      assert.equal(String(await read(second, 12)), "still served");
      second.end();
      await outcome(second);
    });

    it(`lets the service speak first (${version})`, async () => {
      await using service = await startTcp((socket) => {
        socket.write("220 ready\r\n");
        socket.on("data", (chunk) => socket.end(`221 ${chunk}`));
      });
      await using mux = await startMux({ "mail.test": `tcp://127.0.0.1:${service.port}` });
      const client = await connectTls(mux, "mail.test", { maxVersion: version });
      assert.equal(String(await read(client, 11)), "220 ready\r\n");
      client.write("bye");
      assert.equal(String(await read(client, 7)), "221 bye");
      client.end();
      await outcome(client);
    });
  }

  const agreements = [
    ["X25519MLKEM768:X25519", "X25519"],
    ["X25519", "X25519"],
    ["P-256", "prime256v1"],
    ["P-384", "secp384r1"],
  ] as const;
  for (const [offered, agreed] of agreements) {
    const isKnown = !offered.includes("MLKEM") || hasMlKem();
    const skip = isKnown ? false : "this Node has no ML-KEM";
    it(`agrees with a client that offers ${offered} on ${agreed}`, { skip }, async () => {
      await using service = await startTcp((socket) => socket.on("end", () => socket.end()));
      await using mux = await startMux({ "db.test": `tcp://127.0.0.1:${service.port}` });
      const client = await connectTls(mux, "db.test", { ecdhCurve: offered });
      const exchange = client.getEphemeralKeyInfo();
      assert.ok(exchange && "name" in exchange);
      assert.equal(exchange.name, agreed);
      client.end();
      await outcome(client);
    });
  }

  it("agrees on the service's likely protocol: HTTP/1.1 among others, else the client's first", async () => {
    await using service = await startTcp((socket) => socket.on("end", () => socket.end()));
    await using mux = await startMux({ "db.test": `tcp://127.0.0.1:${service.port}` });
    const agreed = async (ALPNProtocols?: string[]) => {
      const client = await connectTls(mux, "db.test", ALPNProtocols ? { ALPNProtocols } : {});
      client.end();
      await outcome(client);
      return client.alpnProtocol;
    };
    assert.equal(await agreed(["postgresql"]), "postgresql");
    assert.equal(await agreed(["h2"]), "h2");
    assert.equal(await agreed(["h2", "http/1.1"]), "http/1.1");
    assert.equal(await agreed(["mqtt", "xmpp-client"]), "mqtt");
    assert.equal(await agreed(), false);
  });

  it("takes a client that names nothing to the default route, with a certificate for the address it dialled", async () => {
    await using service = await startTcp((socket) => socket.pipe(socket));
    await using mux = await startMux({ "*": `tcp://127.0.0.1:${service.port}` });
    const client = await connectTls(mux, "");
    assert.equal(client.getPeerCertificate().subjectaltname, "IP Address:127.0.0.1");
    client.end("hello");
    assert.equal(String((await outcome(client)).bytes), "hello");
    const report = await mux.report(() => true);
    assert.deepEqual(report.seen, { by: "nothing" });
    assert.equal(report.rule, "default");
  });

  it("takes two connections at once, for two names, to the service of each", async () => {
    const saying = (word: string) => startTcp((socket) => socket.end(word));
    await using one = await saying("one");
    await using two = await saying("two");
    await using mux = await startMux({
      "one.test": `tcp://127.0.0.1:${one.port}`,
      "*.two.test": `tcp://127.0.0.1:${two.port}`,
    });
    const ask = async (name: string) => {
      const client = await connectTls(mux, name);
      const said = String(await read(client, 3));
      client.end();
      await outcome(client);
      return said;
    };
    const names = ["one.test", "a.two.test", "ONE.test", "b.two.test"];
    assert.deepEqual(await Promise.all(names.map(ask)), ["one", "two", "one", "two"]);
  });
});

describe("TLS on an HTTP route", () => {
  for (const protocol of ["h2", "http/1.1"]) {
    it(`is not negotiated anew (${protocol} over TLSv1.2)`, async () => {
      await using service = await startHttp((_request, response) => response.end());
      await using mux = await startMux({ "app.test": service.port });
      const options = { maxVersion: "TLSv1.2", ALPNProtocols: [protocol] } as const;
      const client = await connectTls(mux, "app.test", options);
      assert.equal(client.alpnProtocol, protocol);
      const over = outcome(client);
      client.renegotiate({}, () => assert.fail("it was"));
      assert.equal((await over).error, "ERR_SSL_NO_RENEGOTIATION");
    });
  }
});
