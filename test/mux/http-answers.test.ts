/** What the mux answers in its own name. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, connectBy, speak, statusOf, until, ways, whole } from "./http-support.ts";
import { freePort, startHttp, startMux, startTcp } from "./support.ts";

const page = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

for (const way of ways) {
  const inTheClear = way === "HTTP/1.1 in the clear";

  test(`${way}: a service that is down is a 502 at once for a page load, with a page that tries again`, async () => {
    const port = await freePort();
    await using mux = await startMux({ "shop.test": `http://127.0.0.1:${port}` });
    const since = performance.now();
    const answer = await ask(way, mux, "shop.test", { headers: page });
    assert.ok(performance.now() - since < 8000);
    assert.equal(answer.status, 502);
    assert.equal(answer.headers["oneport-refusal"], "target-down");
    assert.equal(answer.headers["cache-control"], "no-store");
    assert.match(answer.text, /<script>[^<]*fetch\(location\.href/);
    assert.match(answer.text, new RegExp(`port ${port}`));
    const { ending } = await mux.report(() => true);
    assert.equal(ending.how === "refused" && ending.problem.code, "target-down");
  });

  test(`${way}: no other page tries again: not the answer to a POST or to a script, nor that of a service which broke off`, async () => {
    await using broken = await startTcp((socket) => socket.once("data", () => socket.resetAndDestroy()));
    await using mux = await startMux({
      "down.test": { to: `http://127.0.0.1:${await freePort()}`, hold: 0 },
      "broken.test": broken.port,
    });
    for (const [host, method, mode] of [
      ["down.test", "POST", "navigate"],
      ["down.test", "GET", "cors"],
      ["broken.test", "GET", "navigate"],
    ] as const) {
      const answer = await ask(way, mux, host, { method, headers: { ...page, "sec-fetch-mode": mode } });
      assert.equal(answer.status, 502);
      assert.match(answer.text, /<html/);
      assert.doesNotMatch(answer.text, /<script>[^<]*fetch\(location\.href/);
    }
  });

  test(`${way}: any other request waits for a service that starts late`, async () => {
    const port = await freePort();
    await using mux = await startMux({ "shop.test": `http://127.0.0.1:${port}` });
    await using client = connectBy(way, mux, "shop.test");
    const held = client.send({ headers: { accept: "*/*" } });
    await mux.event("target", ({ state }) => state === "down");
    await using _service = await startHttp((_request, response) => response.end("late"), { port });
    assert.equal((await whole(held)).text, "late");
    await mux.event("target", ({ state }) => state === "up");
  });

  test(`${way}: a request is refused when its service does not start within “hold”`, async () => {
    const port = await freePort();
    await using mux = await startMux({ "shop.test": { to: `http://127.0.0.1:${port}`, hold: 0.3 } });
    const since = performance.now();
    const answer = await ask(way, mux, "shop.test", { method: "POST", body: "abc" });
    assert.equal(answer.status, 502);
    assert.ok(performance.now() - since >= 200);
    assert.match(answer.text, /nothing listens there/);
  });

  test(`${way}: a client that does not wait any longer is not waited for`, async () => {
    const port = await freePort();
    await using mux = await startMux({ "shop.test": `http://127.0.0.1:${port}` });
    {
      await using client = connectBy(way, mux, "shop.test");
      const held = client.send();
      await mux.event("target", ({ state }) => state === "down");
      held.abort();
    }
    await mux.report(() => true);
    let asked = 0;
    await using _service = await startTcp(() => asked++, { port });
    await new Promise((resolve) => setTimeout(resolve, 250));
    assert.equal(asked, 0);
  });

  test(`${way}: a service that sends requests back to the mux is a loop: 508`, async () => {
    await using mux = await startMux({});
    await using service = await startHttp(async (request, response) => {
      const name = request.headers["oneport-hop"];
      const answer = await ask("HTTP/1.1 in the clear", mux, "loop.test", {
        headers: { "oneport-hop": String(name) },
      });
      response.writeHead(answer.status, { "oneport-refusal": String(answer.headers["oneport-refusal"]) });
      response.end(answer.text);
    });
    mux.setRoutes({ "loop.test": service.port });
    const answer = await ask(way, mux, "loop.test");
    assert.equal(answer.status, 508);
    assert.equal(answer.headers["oneport-refusal"], "loop-detected");
  });

  test(`${way}: two muxes in a circle are a loop: 508`, async () => {
    await using first = await startMux({});
    await using second = await startMux({ "loop.test": `http://127.0.0.1:${first.port}` });
    first.setRoutes({ "loop.test": `http://127.0.0.1:${second.port}` });
    assert.equal((await ask(way, first, "loop.test")).status, 508);
    // The loop is known to be one, and no health of a service.
    assert.equal((await ask(way, first, "loop.test")).status, 508);
  });

  test(`${way}: a target that is the mux itself is never dialled: 508`, async () => {
    await using mux = await startMux({});
    mux.setRoutes({ "self.test": mux.port });
    const answer = await ask(way, mux, "self.test");
    assert.equal(answer.status, 508);
    assert.equal(answer.headers["oneport-refusal"], "target-is-mux");
  });

  if (inTheClear) continue;
  test(`${way}: a default route takes every name, each on a connection of its own`, async () => {
    await using service = await startHttp((request, response) => response.end(request.headers.host));
    await using mux = await startMux({ "*": service.port });
    for (const host of ["a.test", "b.localhost"]) assert.equal((await ask(way, mux, host)).text, host);
  });
}

for (const [form, accept, type, pattern] of [
  ["a page", page.accept, "text/html; charset=utf-8", /<a href="https:\/\/shop\.test:\d+\/">/],
  ["JSON", "application/json", "application/json", /"code": "no-route"/],
  ["plain text", "*/*", "text/plain; charset=utf-8", /^404 .*Routes:\n {2}https:\/\/shop\.test/s],
] as const) {
  test(`a domain without a route is a 404 with the list of routes, as ${form}`, async () => {
    await using mux = await startMux({ "shop.test": 1 });
    const answer = await ask("HTTP/1.1 in the clear", mux, "nobody.test", { headers: { accept } });
    assert.equal(answer.status, 404);
    assert.equal(answer.headers["content-type"], type);
    assert.match(answer.text, pattern);
    assert.match(answer.text, /nobody\.test/);
  });
}

test("a HEAD is refused with the head alone, and the connection can be used again", async () => {
  await using mux = await startMux({ "shop.test": 1 });
  await using client = connectBy("HTTP/1.1 in the clear", mux, "nobody.test");
  for (const method of ["HEAD", "GET", "HEAD"]) {
    const answer = await whole(client.send({ method }));
    assert.equal(answer.status, 404);
    assert.equal(answer.text === "", method === "HEAD");
    assert.notEqual(answer.headers.connection, "close");
  }
});

test("each refused request on a kept-alive connection is reported, with its bytes", async () => {
  await using mux = await startMux({ "shop.test": 1 });
  {
    await using client = connectBy("HTTP/1.1 in the clear", mux, "nobody.test");
    for (let count = 0; count < 3; count++) await whole(client.send());
  }
  const refused = () =>
    mux.events.flatMap((event) => (event.type === "connection" ? [event.connection] : []));
  await until(() => refused().length >= 3, "three reports");
  assert.equal(refused().length, 3);
  for (const { requests, sent, received, ending } of refused()) {
    assert.equal(requests, 1);
    assert.ok(sent > 100 && received > 50, `${sent} ${received}`);
    assert.equal(ending.how === "refused" && ending.problem.code, "no-route");
  }
});

test("a passthrough service that is asked in the clear sends its client to https, path and all", async () => {
  await using mux = await startMux({ "auth.test": "tls://127.0.0.1:1" });
  const answer = await speak(
    mux.port,
    "GET /a?b=c HTTP/1.1\r\nHost: Auth.test:80\r\nConnection: close\r\n\r\n",
  );
  assert.equal(statusOf(answer), 308);
  assert.match(answer, new RegExp(`^Location: https://auth\\.test:${mux.port}/a\\?b=c\r$`, "m"));
});

test("a tcp route's name on a connection that carries HTTP for others is a 421", async () => {
  await using service = await startHttp((_request, response) => response.end("shop"));
  await using mux = await startMux({ "shop.test": service.port, "db.test": "tcp://127.0.0.1:1" });
  await using client = connectBy("HTTP/1.1 in the clear", mux, "shop.test");
  assert.equal((await whole(client.send())).status, 200);
  const answer = await whole(client.send({ headers: { host: "db.test" } }));
  assert.deepEqual([answer.status, answer.headers["oneport-refusal"]], [421, "not-http"]);
});

test("routes are swapped under an open connection", async () => {
  await using first = await startHttp((_request, response) => response.end("first"));
  await using second = await startHttp((_request, response) => response.end("second"));
  await using mux = await startMux({ "shop.test": first.port });
  await using client = connectBy("HTTP/2 over TLS", mux, "shop.test");
  assert.equal((await whole(client.send())).text, "first");
  mux.setRoutes({ "shop.test": second.port });
  assert.equal((await whole(client.send())).text, "second");
  mux.setRoutes({});
  assert.equal((await whole(client.send())).status, 404);
});
