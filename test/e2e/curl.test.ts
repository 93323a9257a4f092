/** curl against the command line: each version of HTTP, large and streamed bodies, and what it trusts. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { Lines } from "../cli/oneport.ts";
import { startHttp } from "../mux/support.ts";
import { startSecureService } from "../sample/services.ts";
import { Oneport } from "./oneport.ts";
import { begin, run } from "./program.ts";

test("curl", async (t) => {
  const sources: ServerResponse[] = [];
  await using service = await startHttp(answering(sources));
  service.server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    if (request.url === "/full") {
      response.writeHead(507).end("There is no room.");
      return;
    }
    response.writeContinue();
    service.server.emit("request", request, response);
  });
  service.server.on("upgrade", (request: IncomingMessage, socket) => {
    const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash("sha1").update(key).digest("base64");
    const head = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`;
    socket.end(`${head}Sec-WebSocket-Accept: ${accept}\r\n\r\n\x81\x05hello`, "latin1");
  });
  await using secure = await startSecureService(0);
  await using oneport = await Oneport.start({
    "web.localhost": service.port,
    "app.shop.test": service.port,
    "shop.example.com": service.port,
    "secure.localhost": `tls://localhost:${secure.port}`,
    "alias.localhost": `tls://localhost:${secure.port}`,
  });
  const { port, rootFile } = oneport;
  const web = `https://web.localhost:${port}`;
  /** curl reads no configuration of its user's, and shows no progress. */
  const common = ["--disable", "--silent", "--show-error", "--noproxy", "*", "--max-time", "20"];
  const curl = (...options: string[]) =>
    run("curl", [...common, "--cacert", rootFile, ...options], oneport.environment);
  const written = ["--write-out", " over HTTP/%{http_version}, status %{http_code}"];

  for (const [option, version] of [
    ["--http1.1", "1.1"],
    ["--http2", "2"],
  ] as const) {
    await t.test(`speaks ${version} behind TLS`, async () => {
      const { output, errors } = await curl(option, ...written, `${web}/hello`);
      assert.equal(output, `Hello, web.localhost:${port} over HTTP/${version}, status 200`, errors);
    });
  }

  await t.test(
    "speaks HTTP/2 with prior knowledge, and HTTP/1.1, in the clear on the same port",
    async () => {
      const url = `http://web.localhost:${port}/hello`;
      const two = await curl("--http2-prior-knowledge", ...written, url);
      assert.equal(two.output, `Hello, web.localhost:${port} over HTTP/2, status 200`, two.errors);
      // Without prior knowledge curl asks for an upgrade to HTTP/2, which RFC 9113 has done away with.
      const one = await curl("--http2", ...written, url);
      assert.equal(one.output, `Hello, web.localhost:${port} over HTTP/1.1, status 200`, one.errors);
    },
  );

  await t.test("finds a name that only it resolves", async () => {
    const resolve = ["--resolve", `app.shop.test:${port}:127.0.0.1`];
    const { output, errors } = await curl(...resolve, `https://app.shop.test:${port}/hello`);
    assert.equal(output, `Hello, app.shop.test:${port}`, errors);
  });

  for (const [option, megabytes] of [
    ["--http1.1", 100],
    // Whenever curl 7.88 has used up the window that HTTP/2 gives it, here 1 MB, it may sleep for a second.
    ["--http2", 5],
  ] as const) {
    await t.test(`uploads ${megabytes} MB by ${option.slice(2)}, which arrive whole`, async () => {
      const content = randomBytes(megabytes * 1_000_000);
      const file = join(oneport.folder, "large");
      await writeFile(file, content);
      const { output, errors } = await curl(option, "--upload-file", file, `${web}/digest`);
      assert.equal(output, createHash("sha256").update(content).digest("hex"), errors);
    });
  }

  for (const [option, status] of [
    ["--http1.1", /^< HTTP\/1\.1 200/],
    ["--http2", /^< HTTP\/2 200/],
  ] as const) {
    await t.test(
      `gets the head at once, then each event when it happens, by ${option.slice(2)}`,
      async () => {
        const options = ["--no-buffer", "--verbose", "--cacert", rootFile, option, `${web}/events`];
        await using reader = await begin("curl", [...common, ...options], oneport.environment);
        const lines = new Lines(reader.stdout);
        await new Lines(reader.stderr).until(status);
        const source = sources.pop() ?? assert.fail("The service was not asked.");
        for (const event of ["one", "two", "three"]) {
          source.write(`data: ${event}\n\n`);
          assert.equal(await lines.next(), `data: ${event}`);
          assert.equal(await lines.next(), "");
        }
        source.end();
        assert.equal(await reader.ended, 0);
      },
    );
  }

  await t.test("waits for the service's word before it sends a body, and heeds it", async () => {
    // It would wait longer than it may take in all.
    const expect = [
      "--http1.1",
      "--verbose",
      "--header",
      "Expect: 100-continue",
      "--expect100-timeout",
      "60",
    ];
    const sent = ["--data", "a body", "--write-out", ", %{size_upload} bytes"];
    const taken = await curl(...expect, ...sent, `${web}/digest`);
    assert.match(taken.errors, /^< HTTP\/1\.1 100 Continue/m);
    const digest = createHash("sha256").update("a body").digest("hex");
    assert.equal(taken.output, `${digest}, 6 bytes`);
    const refused = await curl(...expect, ...sent, `${web}/full`);
    assert.doesNotMatch(refused.errors, /100 Continue/);
    assert.equal(refused.output, "There is no room., 0 bytes");
  });

  await t.test("opens a WebSocket by hand", async () => {
    const handshake = [
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", // the example of RFC 6455 §1.3
    ].flatMap((line) => ["--header", line]);
    const { output } = await curl("--http1.1", "--include", ...handshake, `${web}/live`);
    assert.match(output, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
    assert.match(output, /^Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r$/im);
    assert.ok(output.endsWith("\x05hello"), output);
  });

  await t.test("refuses a certificate of the authority when it was not told to trust it", async () => {
    const { status, errors } = await run("curl", [...common, `${web}/hello`], oneport.environment);
    assert.equal(status, 60, errors);
  });

  await t.test("refuses a public name, for which the authority vouches to nobody", async () => {
    const resolve = ["--resolve", `shop.example.com:${port}:127.0.0.1`];
    const url = `https://shop.example.com:${port}/hello`;
    const trusting = await curl(...resolve, url);
    assert.equal(trusting.status, 60, trusting.errors);
    const careless = await curl(...resolve, "--insecure", url);
    assert.equal(careless.output, `Hello, shop.example.com:${port}`, careless.errors);
  });

  await t.test("refuses a trusted certificate under a name it was not issued for", async () => {
    const own = join(oneport.folder, "own.pem");
    await writeFile(own, secure.certificate.toString());
    const issuedFor = await curl("--cacert", own, `https://secure.localhost:${port}/`);
    assert.equal(issuedFor.output, "Hello from the secure service, with its own certificate\n");
    const other = await curl("--cacert", own, `https://alias.localhost:${port}/`);
    assert.equal(other.status, 60);
    assert.match(other.errors, /no alternative certificate subject name matches/);
  });

  await t.test("is told the routes there are, in plain text, when it asks for none of them", async () => {
    const { output } = await curl(...written, `http://nowhere.localhost:${port}/`);
    assert.match(output, /^404 No route for this domain\n/);
    assert.ok(output.includes(`\n  https://web.localhost:${port}/\n`), output);
  });
});

/** Responses at `/events` are put into `sources`, for the test to go on with. */
function answering(sources: ServerResponse[]): RequestListener {
  return async (request, response) => {
    switch (request.url) {
      case "/hello":
        return response.end(`Hello, ${request.headers.host}`);
      case "/digest": {
        const hash = createHash("sha256");
        request.pipe(hash);
        await once(hash, "finish");
        return response.end(hash.digest("hex"));
      }
      case "/events":
        sources.push(response);
        return response.writeHead(200, { "Content-Type": "text/event-stream" }).flushHeaders();
      default:
        return response.writeHead(404).end();
    }
  };
}
