/** What a real client makes of it: curl in every version of HTTP that it speaks. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { recordRequests } from "./raw-service.ts";
import { startHttp, startMux, type TestMux } from "./support.ts";

/** The machine's own ideas of whom to trust and where to send requests. */
const ownIdeas = /^(CURL_CA_BUNDLE|SSL_CERT_(FILE|DIR)|CURL_HOME|HOME|.*_proxy)$/i;

/** Runs curl with nobody's settings, every name leading to the mux. */
async function curl({ port, rootFile }: TestMux, ...args: readonly string[]) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !ownIdeas.test(name)));
  const fixed = [
    "-q",
    "-sS",
    "--max-time",
    "10",
    "--cacert",
    rootFile,
    "--connect-to",
    `::127.0.0.1:${port}`,
  ];
  const child = spawn("curl", [...fixed, ...args], { env, stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => undefined);
  child.stdin.end(Buffer.alloc(8 * 1024 * 1024, "x"));
  const closed = once(child, "close");
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { output, errors, status: child.exitCode };
}

const versions = {
  "--http1.1 in the clear": { flags: ["--http1.1"], scheme: "http", version: "1.1" },
  "--http1.0 in the clear": { flags: ["--http1.0"], scheme: "http", version: "1.1" },
  "--http2 in the clear, which asks for h2c and gets HTTP/1.1": {
    flags: ["--http2"],
    scheme: "http",
    version: "1.1",
  },
  "--http2-prior-knowledge in the clear": {
    flags: ["--http2-prior-knowledge"],
    scheme: "http",
    version: "2",
  },
  "--http1.1 over TLS": { flags: ["--http1.1"], scheme: "https", version: "1.1" },
  "--http2 over TLS": { flags: ["--http2"], scheme: "https", version: "2" },
  "--http2-prior-knowledge over TLS": { flags: ["--http2-prior-knowledge"], scheme: "https", version: "2" },
  "without ALPN over TLS": { flags: ["--no-alpn"], scheme: "https", version: "1.1" },
} as const;

for (const [what, { flags, scheme, version }] of Object.entries(versions)) {
  test(`curl ${what}: gets, uploads and is refused as it should be`, async () => {
    await using service = await startHttp((request, response) => {
      let length = 0;
      request.on("data", (chunk) => {
        length += chunk.length;
      });
      request.on("end", () => response.end(`${request.method} ${request.url} ${length}`));
    });
    await using mux = await startMux({ "shop.test": service.port });
    const format = ["-w", " %{http_code} %{http_version}"];
    const got = await curl(mux, ...flags, ...format, `${scheme}://shop.test/a`);
    assert.deepEqual([got.output, got.errors], [`GET /a 0 200 ${version}`, ""]);
    // curl 7.88 trips over its own second request in HTTP/2 in the clear, whoever answers.
    if (what !== "--http2-prior-knowledge in the clear") {
      const twice = await curl(mux, ...flags, `${scheme}://shop.test/1`, `${scheme}://shop.test/2`);
      assert.equal(twice.output, "GET /1 0GET /2 0");
    }
    const put = await curl(mux, ...flags, ...format, "-T", "-", `${scheme}://shop.test/up`);
    if (flags[0] === "--http1.0")
      assert.notEqual(put.status, 0, "it cannot send what it does not know the length of");
    else assert.deepEqual([put.output, put.errors], [`PUT /up 8388608 200 ${version}`, ""]);
    const head = await curl(mux, ...flags, ...format, "-o", "/dev/null", "-I", `${scheme}://shop.test/`);
    assert.deepEqual([head.output, head.errors, head.status], [` 200 ${version}`, "", 0]);

    const post = ["--data-binary", "@-", "-H", "Expect:", "-o", "/dev/null"];
    const refused = await curl(mux, ...flags, ...format, ...post, "-k", `${scheme}://down.test/`);
    if (scheme === "http") assert.deepEqual([refused.output, refused.errors], [` 404 ${version}`, ""]);
    else assert.match(refused.errors, /unrecognized name|alert/);
    mux.setRoutes({ "down.test": { to: "http://127.0.0.1:1", hold: 0 } });
    const down = await curl(mux, ...flags, ...format, ...post, `${scheme}://down.test/`);
    assert.deepEqual([down.output, down.errors, down.status], [` 502 ${version}`, "", 0]);
  });
}

for (const flags of [["--http1.1"], ["--http2"]]) {
  test(`curl ${flags}: a service that refuses an upload and hangs up is heard`, async () => {
    await using service = await startHttp((_request, response) => {
      response.writeHead(413, { connection: "close" }).end("too large");
    });
    await using mux = await startMux({ "shop.test": service.port });
    // Of trailers only the slower way through the mux knows.
    const kinds = [["Expect:"], ["Expect: 100-continue"], ["Expect:", "TE: trailers"]];
    // Whether the service's end meets what is written to it is a matter of chance.
    for (const fields of Array.from({ length: 5 }, () => kinds).flat()) {
      const headers = fields.flatMap((field) => ["-H", field]);
      const upload = [...headers, "--data-binary", "@-", "-w", " %{http_code}"];
      const { output, errors } = await curl(mux, ...flags, ...upload, "https://shop.test/");
      assert.deepEqual([output, errors], ["too large 413", ""], fields.join());
    }
  });

  test(`curl ${flags}: an answer that breaks off is an error`, async () => {
    await using service = await recordRequests("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", {
      end: true,
    });
    await using chunked = await recordRequests(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
      { end: true },
    );
    await using mux = await startMux({ "shop.test": service.port, "chunked.test": chunked.port });
    for (const host of ["shop.test", "chunked.test"]) {
      const { output, status } = await curl(mux, ...flags, `https://${host}/`);
      assert.notEqual(status, 0, host);
      assert.ok("half".startsWith(output), output);
    }
  });
}
