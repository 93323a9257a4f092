import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connect, outcome, read } from "./streams.ts";
import { startHttp, startMux, startTcp } from "./support.ts";

/** A service that answers with what it has heard when its client has said all. */
function startMirror() {
  return startTcp((socket) => {
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("end", () => socket.end(Buffer.concat(chunks)));
  });
}

async function say(port: number, words: string | Uint8Array, host?: string): Promise<string> {
  const client = await connect(port, host);
  client.end(words);
  return (await outcome(client)).bytes.toString("latin1");
}

describe("Without TLS", () => {
  it("HTTP for a tcp:// route goes whole to the service, the first request and everything after it", async () => {
    await using service = await startMirror();
    await using web = await startHttp((_request, response) => response.end("from the web service"));
    await using mux = await startMux({
      "raw.test": `tcp://127.0.0.1:${service.port}`,
      "web.test": web.port,
    });
    const words =
      "POST /a HTTP/1.1\r\nhost:  RAW.test:8443 \r\nX-A: 1\r\n\r\nand \0 bytes of no HTTP at all\xff";
    assert.equal(await say(mux.port, Buffer.from(words, "latin1")), words);
    const report = await mux.report(() => true);
    assert.deepEqual(report.seen, { by: "host", name: "raw.test" });
    assert.equal(report.route, "raw.test");
    assert.equal(report.requests, 0);
    assert.equal(report.received, words.length);
    assert.equal(report.sent, words.length);

    const request = "GET / HTTP/1.1\r\nHost: web.test\r\nConnection: close\r\n\r\n";
    const client = await connect(mux.port);
    client.write(request);
    assert.match(String(await read(client, 15)), /^HTTP\/1\.1 200 OK/);
    client.destroy();
  });

  it("a protocol that carries no name goes to the default route, whole", async () => {
    await using service = await startMirror();
    await using mux = await startMux({ "*": `tcp://127.0.0.1:${service.port}` });
    const phrases = [
      "SSH-2.0-OpenSSH_9.2\r\n",
      "*1\r\n$4\r\nPING\r\n",
      "\x16\x02hello",
      "\x80\x2e\x01\x00\x02",
    ];
    for (const phrase of phrases) {
      assert.equal(await say(mux.port, Buffer.from(phrase, "latin1")), phrase);
    }
    const report = await mux.report(() => true);
    assert.deepEqual(report.seen, { by: "nothing" });
    assert.equal(report.route, "*");
    assert.equal(report.rule, "default");
  });

  it("words too few to be told apart go there as well, once their client has ended", async () => {
    await using service = await startMirror();
    await using mux = await startMux({ "*": `tcp://127.0.0.1:${service.port}` });
    for (const words of ["a", "GET x", "PRI", "\0\0\0", "\x16\x03"])
      assert.equal(await say(mux.port, words), words);
    const { seen, route } = await mux.report(() => true);
    assert.deepEqual({ seen, route }, { seen: { by: "nothing" }, route: "*" });
  });

  it("the default route takes HTTP of names that no other route has", async () => {
    await using service = await startMirror();
    await using mux = await startMux({ "*": `tcp://127.0.0.1:${service.port}` });
    const words = "GET / HTTP/1.1\r\nHost: nobody.test\r\n\r\n";
    assert.equal(await say(mux.port, words), words);
  });

  it("a client may come by IPv6", async () => {
    await using service = await startMirror();
    await using mux = await startMux({ "*": `tcp://127.0.0.1:${service.port}` });
    assert.equal(await say(mux.port, "- hello\n", "::1"), "- hello\n");
    assert.match((await mux.report(() => true)).client, /^\[::1\]:\d+$/);
  });

  it("a protocol that carries no name is reset when the default route takes HTTP only", async () => {
    await using web = await startHttp((_request, response) => response.end());
    await using mux = await startMux({ "*": web.port });
    const client = await connect(mux.port);
    const seen = outcome(client);
    client.write("SSH-2.0-OpenSSH_9.2\r\n");
    assert.deepEqual(await seen, { bytes: Buffer.alloc(0), error: "ECONNRESET" });
    const { ending } = await mux.report(() => true);
    assert.equal(ending.how === "refused" && ending.problem.code, "no-name");
  });
});
