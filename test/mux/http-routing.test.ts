/** Requests find their service by Host, and connections are kept on both sides. */
import assert from "node:assert/strict";
import type http from "node:http";
import net from "node:net";
import { test } from "node:test";
import { ask, connectBy, http1Servers, speak, until, ways, whole } from "./http-support.ts";
import { startHttp, startMux, startTcp } from "./support.ts";

/** A service that says its name and what it was asked. */
function named(name: string) {
  return startHttp((request, response) => response.end(`${name} ${request.method} ${request.url}`));
}

for (const way of ways) {
  test(`${way}: a request reaches the service of its Host`, async () => {
    await using shop = await named("shop");
    await using api = await named("api");
    await using mux = await startMux({
      "shop.test": shop.port,
      "*.api.test": `http://localhost:${api.port}`,
    });

    assert.equal((await ask(way, mux, "shop.test", { path: "/a?b=c" })).text, "shop GET /a?b=c");
    assert.equal((await ask(way, mux, "v1.api.test", { method: "DELETE" })).text, "api DELETE /");
    const report = await mux.report(({ seen }) => seen.by !== "nothing" && seen.name === "v1.api.test");
    assert.equal(report.rule, "wildcard");
    assert.equal(report.route, "*.api.test");
    assert.equal(report.target, `http://localhost:${api.port}`);
    assert.equal(report.requests, 1);
    assert.ok(report.received > 0 && report.sent > 0);
    assert.deepEqual(report.ending, { how: "closed" });

    // Not an ordinary one: Node's client sends it on.
    assert.equal((await ask(way, mux, "v2.api.test", { headers: { te: "trailers" } })).text, "api GET /");
    const byNode = await mux.report(({ seen }) => seen.by !== "nothing" && seen.name === "v2.api.test");
    assert.equal(byNode.target, `http://localhost:${api.port}`);
  });

  test(`${way}: twenty requests in turn use one connection to the client and one to the service`, async () => {
    await using service = await named("shop");
    let connections = 0;
    service.server.on("connection", () => connections++);
    await using mux = await startMux({ "shop.test": service.port });
    {
      await using client = connectBy(way, mux, "shop.test");
      for (let count = 0; count < 20; count++) {
        const method = count % 2 === 0 ? "GET" : "POST";
        assert.equal((await whole(client.send({ method, body: "" }))).text, `shop ${method} /`);
      }
    }
    assert.equal(connections, 1);
    const report = await mux.report(() => true);
    assert.equal(report.requests, 20);
  });

  test(`${way}: requests at once use as many connections to the service as they need`, async () => {
    const waiting: http.ServerResponse[] = [];
    await using service = await startHttp((_request, response) => {
      waiting.push(response);
      if (waiting.length === 5) for (const each of waiting) each.end("together");
    });
    await using mux = await startMux({ "shop.test": service.port });
    const answers = Array.from({ length: 5 }, () => ask(way, mux, "shop.test"));
    for (const { text } of await Promise.all(answers)) assert.equal(text, "together");
    assert.equal(service.sockets.size, 5);
  });
}

test("pipelined requests on HTTP/1.1 are answered in their order, whichever service is faster", async () => {
  await using slow = await startHttp((_request, response) => {
    setTimeout(() => response.end("slow"), 50);
  });
  await using fast = await named("fast");
  await using mux = await startMux({ "slow.test": slow.port, "fast.test": fast.port });

  const answer = await speak(
    mux.port,
    "GET / HTTP/1.1\r\nHost: slow.test\r\n\r\n" +
      "POST /1 HTTP/1.1\r\nHost: fast.test\r\nContent-Length: 3\r\n\r\nabc" +
      "GET /2 HTTP/1.1\r\nHost: fast.test\r\nConnection: close\r\n\r\n",
  );
  const bodies = [...answer.matchAll(/slow|fast (?:GET|POST) \/\d/g)].map(([body]) => body);
  assert.deepEqual(bodies, ["slow", "fast POST /1", "fast GET /2"]);
});

for (const [who, header] of http1Servers) {
  const request = `POST / HTTP/1.1\r\nHost: shop.test\r\n${header}Content-Length: 0\r\n\r\n`;

  test(`pipelined requests go to their service one at a time: ${who}`, async () => {
    const waiting: http.ServerResponse[] = [];
    await using service = await startHttp((_request, response) => waiting.push(response));
    await using mux = await startMux({ "shop.test": service.port });
    const socket = net.connect(mux.port, "127.0.0.1");
    // More than wait before no more are read.
    const count = 40;
    socket.write(request.repeat(count));
    let answers = "";
    socket.on("data", (chunk) => {
      answers += chunk;
    });
    for (let answered = 0; answered < count; answered++) {
      await until(() => waiting.length > answered, "the next arrives");
      assert.equal(waiting.length, answered + 1);
      waiting[answered]?.end(`answer ${answered}.`);
    }
    await until(() => answers.includes(`answer ${count - 1}.`), "all are answered");
    assert.equal(answers.match(/answer \d+\./g)?.length, count);
    socket.destroy();
  });

  test(`a client that leaves with pipelined requests open leaves nothing open at the services: ${who}`, async () => {
    const asked: http.IncomingMessage[] = [];
    await using service = await startHttp((request) => asked.push(request));
    await using mux = await startMux({ "shop.test": service.port });
    const socket = net.connect(mux.port, "127.0.0.1");
    socket.write(request.repeat(3));
    await until(() => asked.length === 1, "the first arrives");
    socket.destroy();
    await until(() => service.sockets.size === 0, "it is given up");
    await mux.report(() => true);
    assert.equal(asked.length, 1);
  });
}

test("a kept-alive connection that asks for several hosts is told in as many reports", async () => {
  await using shop = await named("shop");
  await using api = await named("api");
  await using mux = await startMux({ "shop.test": shop.port, "api.test": api.port });
  {
    await using client = connectBy("HTTP/1.1 in the clear", mux, "shop.test");
    for (const host of ["shop.test", "shop.test", "api.test"]) {
      await whole(client.send({ headers: { host } }));
    }
  }
  const first = await mux.report(({ route }) => route === "shop.test");
  const second = await mux.report(({ route }) => route === "api.test");
  assert.deepEqual([first.requests, second.requests], [2, 1]);
  assert.deepEqual(
    [first.seen, second.seen],
    [
      { by: "host", name: "shop.test" },
      { by: "host", name: "api.test" },
    ],
  );
  assert.equal(first.id, second.id);
});

test("closeUpstream makes a connection to the service for each request, and says so to it", async () => {
  let connections = 0;
  await using service = await startHttp((request, response) => response.end(request.headers.connection));
  service.server.on("connection", () => connections++);
  await using mux = await startMux({
    "shop.test": { to: `http://127.0.0.1:${service.port}`, closeUpstream: true },
  });
  await using client = connectBy("HTTP/1.1 in the clear", mux, "shop.test");
  for (let count = 0; count < 3; count++) assert.equal((await whole(client.send())).text, "close");
  assert.equal(connections, 3);
});

/** Answers the first request of a connection and hangs up on the second, as a service does whose keep-alive is over. */
function forgetful(asked: string[]) {
  return startTcp((socket) => {
    let isFirst = true;
    socket.on("data", (chunk) => {
      asked.push(String(chunk).split(" ", 1)[0] ?? "");
      if (isFirst) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      else socket.resetAndDestroy();
      isFirst = false;
    });
  });
}

for (const method of ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]) {
  test(`a ${method} that meets the end of a kept connection is sent again on a new one`, async () => {
    const asked: string[] = [];
    await using service = await forgetful(asked);
    await using mux = await startMux({ "shop.test": service.port });
    for (let count = 0; count < 2; count++) {
      assert.equal((await ask("HTTP/1.1 in the clear", mux, "shop.test", { method })).status, 200);
    }
    assert.deepEqual(asked, [method, method, method]);
  });
}

for (const [what, sent] of [
  ["a POST", { method: "POST" }],
  ["a PATCH", { method: "PATCH", headers: { "content-length": "0" } }],
  ["a method that nothing is known of", { method: "LIST", headers: { "content-length": "0" } }],
  ["a PUT with a body", { method: "PUT", body: "abc", headers: { "content-length": "3" } }],
] as const) {
  test(`${what} that meets the end of a kept connection is never sent twice`, async () => {
    const asked: string[] = [];
    await using service = await forgetful(asked);
    await using mux = await startMux({ "shop.test": service.port });
    assert.equal((await ask("HTTP/1.1 in the clear", mux, "shop.test")).status, 200);
    const refused = await ask("HTTP/1.1 in the clear", mux, "shop.test", sent);
    assert.equal(refused.status, 502);
    assert.equal(refused.headers["oneport-refusal"], "target-broke-off");
    assert.deepEqual(asked, ["GET", sent.method]);
  });
}

test("a kept connection that the service has ended is not used again, not even for a POST", async () => {
  await using service = await named("shop");
  await using mux = await startMux({ "shop.test": service.port });
  assert.equal((await ask("HTTP/1.1 in the clear", mux, "shop.test")).status, 200);
  service.server.closeIdleConnections();
  await until(() => service.sockets.size === 0, "the kept connection goes");
  const answer = await ask("HTTP/1.1 in the clear", mux, "shop.test", { method: "POST" });
  assert.equal(answer.text, "shop POST /");
});

test("a kept connection that the service has half closed is not used again either", async () => {
  let connections = 0;
  await using service = await startTcp((socket) => {
    connections++;
    socket.on("data", () => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      setTimeout(() => socket.end(), 20);
    });
  });
  await using mux = await startMux({ "shop.test": service.port });
  for (let count = 1; count <= 3; count++) {
    const { status } = await ask("HTTP/1.1 in the clear", mux, "shop.test", { method: "POST" });
    assert.equal(status, 200);
    await until(() => service.sockets.size === 0, "the mux ends its side too");
    assert.equal(connections, count);
  }
});

for (const way of ["HTTP/2 over TLS", "HTTP/1.1 in the clear"] as const) {
  test(`${way}: requests that come together do not quarrel over one kept connection`, async () => {
    await using service = await named("shop");
    await using mux = await startMux({ "shop.test": service.port });
    await ask(way, mux, "shop.test");
    if (way === "HTTP/2 over TLS") {
      await using client = connectBy(way, mux, "shop.test");
      const answers = Array.from({ length: 20 }, () => whole(client.send({ method: "POST" })));
      for (const { text } of await Promise.all(answers)) assert.equal(text, "shop POST /");
    } else {
      const request = "POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 0\r\n";
      const answer = await speak(
        mux.port,
        `${`${request}\r\n`.repeat(19)}${request}Connection: close\r\n\r\n`,
      );
      assert.equal(answer.match(/shop POST \//g)?.length, 20);
    }
  });
}
