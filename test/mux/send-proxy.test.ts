import assert from "node:assert/strict";
import net from "node:net";
import { describe, it } from "node:test";
import tls from "node:tls";
import { type ProxiedAddresses, readProxyHeader, writeProxyHeader } from "../../src/core/proxy-protocol.ts";
import { connectOwn, secure } from "./pieces.ts";
import { connect, ownCertificate, read, turn } from "./streams.ts";
import { startMux, startTcp } from "./support.ts";

const acceptProxy = ["127.0.0.1", "::1"];
const real: ProxiedAddresses = {
  source: { address: "203.0.113.7", port: 4711 },
  destination: { address: "198.51.100.1", port: 443 },
};
const real6: ProxiedAddresses = {
  source: { address: "2001:db8::7", port: 4711 },
  destination: { address: "2001:db8::1", port: 443 },
};

/** A service behind a PROXY header: tells what was in it, then echoes what follows, TLS or not. */
async function startBehindHeader(own?: tls.TlsOptions) {
  const headers: (ProxiedAddresses | undefined)[] = [];
  const service = await startTcp((socket) => {
    let bytes = Buffer.alloc(0);
    socket.on("data", function take(chunk: Buffer) {
      bytes = Buffer.concat([bytes, chunk]);
      const header = readProxyHeader(bytes);
      if (header.kind === "more") return;
      assert.equal(header.kind, "header");
      headers.push(header.kind === "header" ? header.addresses : undefined);
      socket.off("data", take).pause();
      socket.unshift(bytes.subarray(header.kind === "header" ? header.length : 0));
      const stream = own ? new tls.TLSSocket(socket, { isServer: true, ...own }) : socket;
      stream.on("error", () => undefined);
      stream.pipe(stream);
    });
  });
  return Object.assign(service, { headers });
}

describe("A PROXY header to the service", () => {
  it("tells the client, by any family and with TLS ended or passed through", async () => {
    const own = await ownCertificate("auth.test");
    await using plain = await startBehindHeader();
    await using passed = await startBehindHeader(own);
    for (const sendProxy of [1, 2]) {
      await using mux = await startMux({
        "db.test": { to: `tcp://127.0.0.1:${plain.port}`, sendProxy },
        "auth.test": { to: `tls://127.0.0.1:${passed.port}`, sendProxy },
      });
      for (const host of ["127.0.0.1", "::1", mux.addressOf("db.test")]) {
        for (const [domain, root, { headers }] of [
          ["db.test", mux.root, plain],
          ["auth.test", own.cert, passed],
        ] as const) {
          const raw = await connect(mux.port, host);
          const client = await secure(raw, { root }, domain);
          client.write("hello");
          assert.equal(String(await read(client, 5)), "hello");
          assert.deepEqual(headers.at(-1), {
            source: { address: raw.localAddress, port: raw.localPort },
            destination: { address: host, port: mux.port },
          });
          client.destroy();
        }
      }
    }
  });

  it("passes on the client that a believed header told", async () => {
    await using service = await startBehindHeader();
    await using inner = await startMux(
      { "*": { to: `tcp://127.0.0.1:${service.port}`, sendProxy: 1 } },
      { acceptProxy },
    );
    await using outer = await startMux(
      { "*": { to: `tcp://127.0.0.1:${inner.port}`, sendProxy: 2 } },
      { acceptProxy },
    );
    for (const told of [real, real6]) {
      const client = await connect(outer.port);
      client.write(writeProxyHeader(1, told));
      client.write("\x01hello");
      assert.equal(String(await read(client, 6)), "\x01hello");
      assert.deepEqual(service.headers.at(-1)?.source, told.source);
      client.destroy();
    }
  });

  it("is not attempted for a client that was gone before it was accepted", async () => {
    await using service = await startBehindHeader();
    await using mux = await startMux({
      "db.test": { to: `tcp://127.0.0.1:${service.port}`, sendProxy: 2, tls: false },
    });
    for (let round = 0; round < 50; round++) {
      const client = net.connect(mux.port, mux.addressOf("db.test"));
      client.on("error", () => undefined);
      client.resetAndDestroy();
    }
    await turn();
    const client = await connectOwn(mux, "db.test");
    client.write("hello");
    assert.equal(String(await read(client, 5)), "hello");
    client.destroy();
  });
});
