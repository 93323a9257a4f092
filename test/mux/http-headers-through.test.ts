/** What becomes of headers on their way to a service and back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, connectBy, speak, ways, whole } from "./http-support.ts";
import { recordRequests } from "./raw-service.ts";
import { startMux, startTcp } from "./support.ts";

const forwarded = /^(x-forwarded-|oneport-hop|forwarded)/i;

for (const way of ways) {
  const secure = way !== "HTTP/1.1 in the clear";

  test(`${way}: X-Forwarded-* are set anew, and a client's own words about itself are dropped`, async () => {
    await using service = await recordRequests();
    await using mux = await startMux({ "shop.test": service.port });
    const headers = {
      "x-forwarded-for": "6.6.6.6",
      "x-forwarded-proto": "gopher",
      "x-forwarded-host": "evil.test",
      forwarded: "for=6.6.6.6",
    };
    await ask(way, mux, "shop.test", { headers });
    const [request] = service.requests;
    const told = request?.headers.filter(([name]) => forwarded.test(name));
    assert.deepEqual(told?.slice(0, 3), [
      ["X-Forwarded-For", "127.0.0.1"],
      ["X-Forwarded-Proto", secure ? "https" : "http"],
      ["X-Forwarded-Host", "shop.test"],
    ]);
    assert.deepEqual(told?.map(([name]) => name.toLowerCase()).slice(3), ["oneport-hop"]);
  });

  test(`${way}: Host stays what the client said, its port included`, async () => {
    await using service = await recordRequests();
    await using mux = await startMux({ "shop.test": service.port });
    const name = way === "HTTP/2 over TLS" ? ":authority" : "host";
    await ask(way, mux, "shop.test", { headers: { [name]: `Shop.test:${mux.port}` } });
    assert.deepEqual(service.requests[0]?.valuesOf("host"), [`Shop.test:${mux.port}`]);
    assert.deepEqual(service.requests[0]?.valuesOf("x-forwarded-host"), [`Shop.test:${mux.port}`]);
  });

  test(`${way}: hostHeader takes the place of Host alone`, async () => {
    await using service = await recordRequests();
    await using mux = await startMux({
      "shop.test": { to: `http://127.0.0.1:${service.port}`, hostHeader: "localhost:3000" },
    });
    await ask(way, mux, "shop.test");
    assert.deepEqual(service.requests[0]?.valuesOf("host"), ["localhost:3000"]);
    assert.deepEqual(service.requests[0]?.valuesOf("x-forwarded-host"), ["shop.test"]);
  });

  test(`${way}: each cookie that a service sets arrives as a line of its own`, async () => {
    const answer =
      "HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2, 3\r\nContent-Length: 0\r\n\r\n";
    await using service = await recordRequests(answer);
    await using mux = await startMux({ "shop.test": service.port });
    const { headers } = await ask(way, mux, "shop.test");
    assert.deepEqual(headers["set-cookie"], ["a=1; Path=/", "b=2, 3"]);
  });

  test(`${way}: bytes beyond ASCII in a header stay the bytes they are, both ways`, async () => {
    await using service = await recordRequests(
      "HTTP/1.1 200 OK\r\nX-Name: J\xfcrgen\r\nContent-Length: 0\r\n\r\n",
    );
    await using mux = await startMux({ "shop.test": service.port });
    const { headers } = await ask(way, mux, "shop.test", { headers: { "x-name": "Bj\xf6rk" } });
    assert.deepEqual(service.requests[0]?.valuesOf("x-name"), ["Bj\xf6rk"]);
    assert.equal(headers["x-name"], "J\xfcrgen");
  });

  test(`${way}: an answer may have far more headers than Node reads by itself`, async () => {
    const long = "x".repeat(1000);
    const many = Array.from({ length: 40 }, (_, index) => `X-${index}: ${long}\r\n`).join("");
    await using service = await recordRequests(`HTTP/1.1 200 OK\r\n${many}Content-Length: 0\r\n\r\n`);
    await using mux = await startMux({ "shop.test": service.port });
    await using client = connectBy(way, mux, "shop.test");
    const { headers } = await whole(client.send({ maxHeaderSize: 64 * 1024 }));
    assert.equal(headers["x-39"], long);
  });
}

for (const way of ways) {
  test(`${way}: an answer may have hundreds of small headers`, async () => {
    const written = Array.from({ length: 900 }, (_, index) => `X-${index}: ${"v".repeat(57)}\r\n`).join("");
    await using service = await startTcp((socket) =>
      socket.once("data", () => socket.write(`HTTP/1.1 200 OK\r\n${written}Content-Length: 2\r\n\r\nok`)),
    );
    await using mux = await startMux({ "shop.test": service.port });
    const { text, headers } = await ask(way, mux, "shop.test", { maxHeaderSize: 100_000 });
    assert.equal(text, "ok");
    assert.equal(Object.keys(headers).filter((name) => name.startsWith("x-")).length, 900);
  });
}

test("what speaks of one connection only is dropped in both directions", async () => {
  await using service = await recordRequests(
    "HTTP/1.1 200 OK\r\nConnection: x-private\r\nX-Private: 1\r\nKeep-Alive: timeout=9\r\nProxy-Connection: a\r\n" +
      "Upgrade: h2c\r\nX-Kept: 1\r\nContent-Length: 0\r\n\r\n",
  );
  await using mux = await startMux({ "shop.test": service.port });
  const answer = await speak(
    mux.port,
    "GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: close, X-Mine, Host, Cookie\r\nX-Mine: 1\r\nKeep-Alive: 1\r\n" +
      "Proxy-Connection: keep-alive\r\nTE: gzip\r\nUpgrade: foo\r\nHTTP2-Settings: AAA\r\nCookie: a=1\r\nX-Kept: 1\r\n\r\n",
  );
  const names = service.requests[0]?.headers.map(([name]) => name.toLowerCase());
  assert.deepEqual(
    names?.filter((name) => !forwarded.test(name)),
    ["host", "cookie", "x-kept", "connection"],
  );
  assert.deepEqual(service.requests[0]?.valuesOf("connection"), ["keep-alive"]);
  const [head = ""] = answer.split("\r\n\r\n");
  const answered = head
    .split("\r\n")
    .slice(1)
    .map((line) => line.split(":", 1)[0]);
  assert.deepEqual(
    answered.filter((name) => name !== "Date"),
    ["X-Kept", "Content-Length", "Connection"],
  );
});

test("on HTTP/1.1 headers keep their order, case and repetition", async () => {
  const lines = ["X-B: 1", "x-a: 2", "ACCEPT: text/plain", "X-b: 3", "Accept: */*", "x-Empty: ", "X-B: 1"];
  await using service = await recordRequests(
    `HTTP/1.1 299 Quite Fine\r\n${lines.join("\r\n")}\r\nContent-Length: 0\r\n\r\n`,
  );
  await using mux = await startMux({ "shop.test": service.port });
  const answer = await speak(
    mux.port,
    `GET / HTTP/1.1\r\n${lines.join("\r\n")}\r\nhost: shop.test\r\nConnection: close\r\n\r\n`,
  );
  const [request] = service.requests;
  assert.deepEqual(request?.headers.slice(0, 8), [
    ["Host", "shop.test"],
    ...lines.map((line) => line.split(": ", 2)),
  ]);
  assert.ok(answer.startsWith(`HTTP/1.1 299 Quite Fine\r\n${lines.join("\r\n")}\r\n`), answer);
});

test("on HTTP/2 values of one name are joined, and “te: trailers” goes on", async () => {
  await using service = await recordRequests(
    "HTTP/1.1 200 OK\r\nX-A: 1\r\nX-A: 2\r\nVary: a\r\nVary: a\r\n__proto__: p\r\nContent-Length: 0\r\n\r\n",
  );
  await using mux = await startMux({ "shop.test": service.port });
  const headers = { te: "trailers", cookie: ["a=1", "b=2"], "x-many": ["1", "2"] };
  const answer = await ask("HTTP/2 over TLS", mux, "shop.test", { headers });
  assert.deepEqual(service.requests[0]?.valuesOf("te"), ["trailers"]);
  assert.deepEqual(service.requests[0]?.valuesOf("cookie"), ["a=1; b=2"]);
  assert.deepEqual(service.requests[0]?.valuesOf("x-many"), ["1, 2"]);
  assert.equal(answer.headers["x-a"], "1, 2");
  assert.equal(answer.headers.vary, "a");
  assert.equal(Object.getOwnPropertyDescriptor(answer.headers, "__proto__")?.value, "p");
});
