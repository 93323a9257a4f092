/** What two parsers could read in two ways is refused, and no byte of it reaches a service. */
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import tls from "node:tls";
import { ask, openSession, speak, statusOf, text } from "./http-support.ts";
import { recordRequests } from "./raw-service.ts";
import { startMux } from "./support.ts";

const post = "POST / HTTP/1.1\r\nHost: shop.test\r\n";
const inner = "GET /smuggled HTTP/1.1\r\nHost: shop.test\r\n\r\n";

const refused: Readonly<Record<string, readonly [status: number, request: string]>> = {
  CONNECT: [501, "CONNECT shop.test:443 HTTP/1.1\r\nHost: shop.test:443\r\n\r\n"],
  "CONNECT with an upgrade": [
    501,
    "CONNECT shop.test:443 HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
  ],
  "two Hosts": [400, "GET / HTTP/1.1\r\nHost: shop.test\r\nHost: other.test\r\n\r\n"],
  "the same Host twice": [400, "GET / HTTP/1.1\r\nHost: shop.test\r\nHost: shop.test\r\n\r\n"],
  "a second Host behind a thousand headers": [
    400,
    `GET / HTTP/1.1\r\nHost: shop.test\r\n${"a: b\r\n".repeat(2000)}Host: other.test\r\n\r\n`,
  ],
  "no Host": [400, "GET / HTTP/1.1\r\n\r\n"],
  "an empty Host": [400, "GET / HTTP/1.1\r\nHost: \r\n\r\n"],
  "a list of Hosts": [400, "GET / HTTP/1.1\r\nHost: shop.test, other.test\r\n\r\n"],
  "user information in Host": [400, "GET / HTTP/1.1\r\nHost: other.test@shop.test\r\n\r\n"],
  "a path in Host": [400, "GET / HTTP/1.1\r\nHost: shop.test/other.test\r\n\r\n"],
  "a space in Host": [400, "GET / HTTP/1.1\r\nHost: shop.test other.test\r\n\r\n"],
  "a port that is none": [400, "GET / HTTP/1.1\r\nHost: shop.test:99999\r\n\r\n"],
  "a NUL in Host": [400, "GET / HTTP/1.1\r\nHost: shop.test\x00.other.test\r\n\r\n"],
  "a control character in Host": [400, "GET / HTTP/1.1\r\nHost: shop\x01.test\r\n\r\n"],
  "a byte beyond ASCII in Host": [400, "GET / HTTP/1.1\r\nHost: sh\xf6p.test\r\n\r\n"],
  "a folded header": [400, "GET / HTTP/1.1\r\nHost: shop.test\r\nX-A: 1\r\n 2\r\n\r\n"],
  "a folded Transfer-Encoding": [400, `${post}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`],
  "a space before the first header": [400, "GET / HTTP/1.1\r\n Host: other.test\r\nHost: shop.test\r\n\r\n"],
  "a space before the colon": [400, `${post}Content-Length : 5\r\n\r\nhello`],
  "a header without a colon": [400, "GET / HTTP/1.1\r\nHost: shop.test\r\nodd\r\n\r\n"],
  "a header without a name": [400, "GET / HTTP/1.1\r\nHost: shop.test\r\n: odd\r\n\r\n"],
  "a bare LF behind the request line": [400, "GET / HTTP/1.1\nHost: shop.test\r\n\r\n"],
  "a bare LF behind a header": [400, "GET / HTTP/1.1\r\nHost: shop.test\nX-A: 1\r\n\r\n"],
  "a bare LF as the empty line": [400, "GET / HTTP/1.1\r\nHost: shop.test\r\n\n"],
  "a bare CR in a header": [400, "GET / HTTP/1.1\r\nHost: shop.test\r\nX-A: 1\rX-B: 2\r\n\r\n"],
  "Content-Length with Transfer-Encoding": [
    400,
    `${post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  "Transfer-Encoding with Content-Length": [
    400,
    `${post}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`,
  ],
  "two Content-Lengths": [400, `${post}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`],
  "the same Content-Length twice": [400, `${post}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`],
  "a list of Content-Lengths": [400, `${post}Content-Length: 5, 5\r\n\r\nhello`],
  "a signed Content-Length": [400, `${post}Content-Length: +5\r\n\r\nhello`],
  "a negative Content-Length": [400, `${post}Content-Length: -5\r\n\r\nhello`],
  "a hexadecimal Content-Length": [400, `${post}Content-Length: 0x5\r\n\r\nhello`],
  "a Content-Length beyond all bounds": [400, `${post}Content-Length: 99999999999999999999\r\n\r\n`],
  "an empty Content-Length": [400, `${post}Content-Length:\r\n\r\n`],
  "a coding that is not chunked": [501, `${post}Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n`],
  "chunked and then another coding": [400, `${post}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`],
  "a coding before chunked": [501, `${post}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  "chunked twice": [400, `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  "chunks in HTTP/1.0": [
    400,
    "POST / HTTP/1.0\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  ],
  "a URL for another service": [400, "GET http://other.test/ HTTP/1.1\r\nHost: shop.test\r\n\r\n"],
  "a URL without a host": [400, "GET http:///x HTTP/1.1\r\nHost: shop.test\r\n\r\n"],
  "a URL of another scheme": [400, "GET ftp://shop.test/ HTTP/1.1\r\nHost: shop.test\r\n\r\n"],
  "a target that is no path": [400, "GET shop.test/ HTTP/1.1\r\nHost: shop.test\r\n\r\n"],
  "* for a GET": [400, "GET * HTTP/1.1\r\nHost: shop.test\r\n\r\n"],
  "a version that does not exist": [400, "GET / HTTP/1.9\r\nHost: shop.test\r\n\r\n"],
  "HTTP/2 in the dress of HTTP/1": [400, "GET / HTTP/2.0\r\nHost: shop.test\r\n\r\n"],
  "a method in lower case": [501, "get / HTTP/1.1\r\nHost: shop.test\r\n\r\n"],
  "a method that Node does not know, in a request that is Node's": [
    501,
    "LIST / HTTP/1.1\r\nHost: shop.test\r\nTE: trailers\r\n\r\n",
  ],
  "a head of 70 KB": [431, `GET / HTTP/1.1\r\nHost: shop.test\r\nX-A: ${"x".repeat(70_000)}\r\n\r\n`],
};

for (const [what, [status, request]] of Object.entries(refused)) {
  test(`${what}: ${status}, the connection ends, and nothing reaches the service`, async () => {
    await using service = await recordRequests();
    await using mux = await startMux({ "*": service.port });
    const answer = await speak(mux.port, request + inner);
    if (answer === "") assert.ok(isOther(request), "only what is not HTTP at all is reset");
    else assert.equal(statusOf(answer), status, answer);
    assert.equal(
      answer.match(/^HTTP\/1\.1 /gm)?.length ?? 0,
      answer === "" ? 0 : 1,
      "one answer and no more",
    );
    assert.deepEqual(service.received, []);
    const { ending } = await mux.report(() => true);
    assert.equal(ending.how, "refused");
  });
}

/** What the first look does not take for HTTP. */
function isOther(request: string): boolean {
  return request.startsWith("GET / HTTP/2.0");
}

for (const [what, request, code, words] of [
  [
    "a head that is too large by its limit, and by the cookies that it mostly is",
    `GET / HTTP/1.1\r\nHost: shop.test\r\nCookie: ${"x".repeat(70_000)}\r\n\r\n`,
    "head-too-large",
    /\nThe request's URL and headers are larger than 64 KB together.*\n.*cookies.*\n$/,
  ],
  [
    "a malformed one by what is wrong with it",
    "GET / HTTP/1.1\r\nHost: shop.test\r\nodd\r\n\r\n",
    "bad-request",
    /\nThis is not a request that HTTP\/1\.1 allows \(RFC 9112\): Invalid header token\.\nCorrect the client/,
  ],
] as const) {
  test(`whoever sends what no parser takes is told of it, ${what}`, async () => {
    await using mux = await startMux({ "shop.test": 1 });
    const answer = await speak(mux.port, request);
    assert.match(answer, words);
    assert.match(answer, new RegExp(`\r\nOneport-Refusal: ${code}\r\n`));
    const { ending } = await mux.report(() => true);
    assert.equal(ending.how === "refused" && ending.problem.code, code);
  });
}

test("over TLS, where nobody looks before the parser does, what has no method is a 400 and an unknown one a 501", async () => {
  await using service = await recordRequests();
  await using mux = await startMux({ "shop.test": service.port });
  for (const [line, status] of [
    ["\x01\x02", 400],
    ["hello", 400],
    ["G(T / HTTP/1.1", 400],
    ["GET\t/ HTTP/1.1", 400],
    ["get / HTTP/1.1", 501],
    ["LIST_2 / HTTP/1.1", 501],
  ] as const) {
    const raw = net.connect(mux.port, "127.0.0.1");
    const socket = tls.connect({ socket: raw, servername: "shop.test", ca: mux.root });
    socket.write(`${line}\r\nHost: shop.test\r\n\r\n`, "latin1");
    assert.equal(statusOf(await text(socket)), status, line);
  }
  assert.deepEqual(service.received, []);
});

const broken: Readonly<Record<string, string>> = {
  "that is no number": "zz\r\nhello\r\n0\r\n\r\n",
  "with a sign": "+5\r\nhello\r\n0\r\n\r\n",
  "with 0x": "0x5\r\nhello\r\n0\r\n\r\n",
  "beyond all bounds": "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
  "that is too small": "4\r\nhello\r\n0\r\n\r\n",
  "behind a space": " 5\r\nhello\r\n0\r\n\r\n",
  "before a space": "5 \r\nhello\r\n0\r\n\r\n",
  "ended by LF alone": "5\nhello\r\n0\r\n\r\n",
  "whose chunk ends in LF alone": "5\r\nhello\n0\r\n\r\n",
  "with a bare CR in its extension": "5;a\rb\r\nhello\r\n0\r\n\r\n",
  "with a bare LF in its extension": "5;a\nb\r\nhello\r\n0\r\n\r\n",
};

for (const [what, chunks] of Object.entries(broken)) {
  test(`a chunk size ${what}: 400, and the service never sees the request's end`, async () => {
    await using service = await recordRequests();
    await using mux = await startMux({ "shop.test": service.port });
    const answer = await speak(mux.port, `${post}Transfer-Encoding: chunked\r\n\r\n${chunks}${inner}`);
    assert.equal(statusOf(answer), 400, answer);
    for (const bytes of service.received) {
      assert.doesNotMatch(bytes, /smuggled/);
      assert.ok(!bytes.endsWith("0\r\n\r\n"), bytes);
    }
  });
}

for (const host of ["__proto__", "constructor", "toString", "hasOwnProperty", "valueof"]) {
  test(`Host ${host} is a name like any other that has no route`, async () => {
    await using service = await recordRequests();
    await using mux = await startMux({ "shop.test": service.port });
    const answer = await speak(mux.port, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    assert.equal(statusOf(answer), 404);
    assert.deepEqual(service.received, []);
  });
}

test("HTTP/2: a Host beside :authority must say the same, and :path must be a path", async () => {
  await using service = await recordRequests();
  await using mux = await startMux({ "shop.test": service.port });
  for (const headers of [
    { host: "other.test" },
    { ":scheme": "ftp", ":path": "http://other.test/" },
    { ":scheme": "ftp", ":path": "*" },
    { ":authority": "a@shop.test" },
  ]) {
    const { status } = await ask("HTTP/2 over TLS", mux, "shop.test", { headers }).catch(refusedByNghttp2);
    assert.ok([400, 421, "PROTOCOL_ERROR"].includes(status), `${JSON.stringify(headers)}: ${status}`);
  }
  assert.deepEqual(service.received, []);
  assert.equal(
    (await ask("HTTP/2 over TLS", mux, "shop.test", { headers: { host: "shop.test" } })).status,
    200,
  );
});

/** Node's library has its own opinion of what a client may send. */
function refusedByNghttp2(error: Error) {
  assert.match(error.message, /PROTOCOL_ERROR/);
  return { status: "PROTOCOL_ERROR" };
}

test("HTTP/2: a method in lower case, which would arrive as another, is refused", async () => {
  await using service = await recordRequests();
  await using mux = await startMux({ "shop.test": service.port });
  for (const method of ["connect", "get"]) {
    assert.equal((await ask("HTTP/2 over TLS", mux, "shop.test", { method })).status, 501);
  }
  assert.deepEqual(service.received, []);
});

test("HTTP/2: a request for another domain than the connection was opened for is misdirected: 421", async () => {
  await using service = await recordRequests();
  await using mux = await startMux({ "shop.test": service.port, "api.test": service.port });
  const session = openSession(mux, "shop.test");
  for (const [authority, status] of [
    ["api.test", 421],
    ["shop.test:8443", 200],
    ["SHOP.test", 200],
  ] as const) {
    const stream = session.request({ ":authority": authority });
    const [headers] = await once(stream, "response");
    assert.equal(headers[":status"], status, authority);
    await text(stream);
  }
  session.destroy();
  assert.equal(service.requests.length, 2);
});

test("HTTP/1.1 over TLS: the same", async () => {
  await using service = await recordRequests();
  await using mux = await startMux({ "shop.test": service.port, "api.test": service.port });
  const raw = net.connect(mux.port, "127.0.0.1");
  const socket = tls.connect({ socket: raw, servername: "shop.test", ca: mux.root });
  socket.write("GET / HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n\r\n");
  assert.equal(statusOf(await text(socket)), 421);
  assert.deepEqual(service.received, []);
});
