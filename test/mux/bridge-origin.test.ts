import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { connect } from "./streams.ts";
import { startMux, startTcp } from "./support.ts";
import { dialWebSocket, message } from "./web-sockets.ts";

const request = [
  "GET / HTTP/1.1",
  "Host: db.test",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
].join("\r\n");

describe("A web page that opens a WebSocket to a bridged route", () => {
  it("may, if it is of a domain with a route, and so may a program that is no page", async () => {
    await using service = await startTcp((socket) => void socket.pipe(socket));
    await using mux = await startMux({
      "db.test": { to: `tcp://127.0.0.1:${service.port}`, webSocketBridge: true },
      "app.test": service.port,
      "*.preview.test": service.port,
      "*": service.port,
    });

    for (const origin of [
      undefined,
      "https://db.test",
      "http://app.test",
      `https://app.test:${mux.port}`,
      "https://APP.test",
      "https://one.preview.test",
    ]) {
      const headers = origin === undefined ? {} : { origin };
      const client = dialWebSocket(mux, "wss", "db.test", { headers });
      await once(client, "open");
      client.send(Buffer.from("hello"));
      assert.equal((await message(client)).text, "hello", origin);
      client.terminate();
    }
  });

  it("is refused with 403 if it is of any other", async () => {
    await using service = await startTcp((socket) => void socket.pipe(socket));
    await using mux = await startMux({
      "db.test": { to: `tcp://127.0.0.1:${service.port}`, webSocketBridge: true },
      "*.preview.test": service.port,
      "*": service.port,
    });

    for (const origin of [
      "https://evil.example",
      "https://db.test.evil.example",
      "https://evil.example/db.test",
      "https://user@db.test",
      "https://a.b.preview.test",
      "http://localhost:3000",
      "http://127.0.0.1",
      "null",
      "file://",
      "",
    ]) {
      for (const scheme of ["ws", "wss"] as const) {
        const client = dialWebSocket(mux, scheme, "db.test", { headers: { origin } });
        const status = await new Promise((resolve) => {
          client.once("unexpected-response", (_request, response) => resolve(response.statusCode));
          client.once("open", () => resolve("open"));
        });
        assert.equal(status, 403, `${scheme} ${origin}`);
        client.terminate();
      }
    }
  });

  it("is not kept waiting for when it has been refused", async () => {
    await using service = await startTcp((socket) => void socket.on("end", () => socket.end()).resume());
    await using mux = await startMux({
      "db.test": { to: `tcp://127.0.0.1:${service.port}`, webSocketBridge: true },
    });

    const client = await connect(mux.port);
    client.write(`${request}\r\nOrigin: https://evil.example\r\n\r\n`);
    client.resume();
    await once(client, "end");
    const report = await mux.report(() => true);
    assert.equal(report.route, "db.test");
    client.destroy();
  });
});
