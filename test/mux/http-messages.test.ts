/** Every shape that a request or an answer may have keeps its meaning. */
import assert from "node:assert/strict";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import {
  ask,
  connectBy,
  http1Servers,
  relayedAndNot,
  speak,
  statusOf,
  until,
  ways,
  whole,
} from "./http-support.ts";
import { recordRequests } from "./raw-service.ts";
import { readAnswers } from "./read-answers.ts";
import { connect, connectTls } from "./streams.ts";
import { startHttp, startMux } from "./support.ts";

for (const way of ways) {
  const isHttp2 = way === "HTTP/2 over TLS";

  test(`${way}: answers without a body have none, and say what they said`, async () => {
    await using service = await startHttp((request, response) => {
      const [status, ...headers] = (request.url ?? "").slice(1).split("/");
      response.writeHead(Number(status), headers).end();
    });
    await using mux = await startMux({ "shop.test": service.port });
    await using client = connectBy(way, mux, "shop.test");
    for (const [method, path, status, length] of [
      ["HEAD", "/200/Content-Length/1234", 200, "1234"],
      ["HEAD", "/404", 404, undefined],
      ["GET", "/204", 204, undefined],
      ["GET", "/304/ETag/a", 304, undefined],
      ["GET", "/200/Content-Length/0", 200, "0"],
      ["GET", "/205/Content-Length/0", 205, "0"],
    ] as const) {
      const answer = await whole(client.send({ method, path }));
      assert.equal(answer.status, status, path);
      assert.equal(answer.headers["content-length"], length, path);
      assert.equal(answer.headers["transfer-encoding"], undefined, path);
      assert.equal(answer.text, "", path);
    }
  });

  test(`${way}: a request is framed for the service as it was for the client`, async () => {
    for (const te of relayedAndNot) {
      await using service = await recordRequests();
      await using mux = await startMux({ "shop.test": service.port });
      await using client = connectBy(way, mux, "shop.test");
      const measured = { "content-length": "3", ...te };
      await whole(client.send({ method: "DELETE", body: "abc", headers: measured }));
      await whole(client.send({ method: "GET", body: "abc", headers: measured }));
      await whole(client.send({ method: "POST", headers: { "content-length": "0", ...te } }));
      await whole(client.send({ method: "GET", headers: te }));
      await whole(client.send({ method: "DELETE", headers: te }));
      const chunked = client.send({ method: "PATCH", body: "open", headers: te });
      chunked.body.end("abc");
      await whole(chunked);
      const framing = service.requests.map(({ body, valuesOf }) => [
        valuesOf("content-length").join(),
        valuesOf("transfer-encoding").join(),
        body,
      ]);
      assert.deepEqual(framing, [
        ["3", "", "abc"],
        ["3", "", "abc"],
        ["0", "", ""],
        ["", "", ""],
        ["", "", ""],
        ["", "chunked", "abc"],
      ]);
    }
  });

  test(`${way}: a method that only its service knows is passed on, with a body or without, and answered`, async () => {
    await using service = await recordRequests();
    await using mux = await startMux({ "shop.test": service.port });
    await using client = connectBy(way, mux, "shop.test");
    for (const [method, body] of [
      ["LIST", ""],
      ["VERSION-CONTROL", "abc"],
      ["FOOBAR", ""],
    ] as const) {
      const headers = { "content-length": String(body.length) };
      const answer = await whole(client.send({ method, body, headers }));
      assert.deepEqual([answer.status, answer.text], [200, "ok"]);
    }
    assert.deepEqual(
      service.requests.map(({ line, body }) => [line, body]),
      [
        ["LIST / HTTP/1.1", ""],
        ["VERSION-CONTROL / HTTP/1.1", "abc"],
        ["FOOBAR / HTTP/1.1", ""],
      ],
    );
  });

  test(`${way}: an answer that only its end delimits arrives whole`, async () => {
    await using service = await recordRequests("HTTP/1.0 200 OK\r\n\r\nuntil the end", { end: true });
    await using mux = await startMux({ "shop.test": service.port });
    const answer = await ask(way, mux, "shop.test");
    assert.equal(answer.text, "until the end");
  });

  test(`${way}: trailers go up with the request and come down with the answer`, async () => {
    await using service = await startHttp(async (request, response) => {
      response.writeHead(200, { trailer: "X-Digest" });
      response.write(await text(request));
      response.addTrailers({ "X-Digest": String(request.trailers["x-sum"]) });
      response.end();
    });
    await using mux = await startMux({ "shop.test": service.port });
    await using client = connectBy(way, mux, "shop.test");
    const answer = await whole(
      client.send({
        method: "POST",
        body: "abc",
        headers: { te: "trailers", trailer: "x-sum", ...(!isHttp2 && { "transfer-encoding": "chunked" }) },
        trailers: { "x-sum": "6", "x-forwarded-for": "6.6.6.6" },
      }),
    );
    assert.equal(answer.text, "abc");
    assert.deepEqual(Object.entries(answer.trailers), [["x-digest", "6"]]);
  });

  test(`${way}: trailers that no answer announced come down to a client that takes them`, async () => {
    await using service = await recordRequests(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n",
    );
    await using mux = await startMux({ "shop.test": service.port });
    const answer = await ask(way, mux, "shop.test", { headers: { te: "trailers" } });
    assert.deepEqual([answer.text, answer.trailers["x-sum"]], ["ok", "1"]);
  });

  test(`${way}: the head of an answer does not wait for its body`, async () => {
    let finish = (): void => assert.fail("nobody has asked");
    await using service = await startHttp((_request, response) => {
      response.flushHeaders();
      finish = () => response.end("at last");
    });
    await using mux = await startMux({ "shop.test": service.port });
    for (const headers of relayedAndNot) {
      await using client = connectBy(way, mux, "shop.test");
      const { body } = await client.send({ headers }).answer;
      finish();
      assert.equal(await text(body), "at last");
    }
  });

  test(`${way}: early hints arrive before the answer, with whatever else was hinted`, async () => {
    const hints = "Link: </a.css>; rel=preload, </b.js>; rel=preload; as=script\r\nX-Hint: 1\r\n";
    await using service = await recordRequests(
      `HTTP/1.1 103 Early Hints\r\n${hints}\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`,
    );
    await using mux = await startMux({ "shop.test": service.port });
    await using client = connectBy(way, mux, "shop.test");
    const sending = client.send();
    assert.equal((await whole(sending)).text, "ok");
    assert.deepEqual(
      sending.informed.map(({ status }) => status),
      [103, 102],
    );
    assert.equal(sending.informed[0]?.headers.link, "</a.css>; rel=preload, </b.js>; rel=preload; as=script");
    assert.equal(sending.informed[0]?.headers["x-hint"], "1");
  });

  test(`${way}: no length is told of an answer that has no body`, async () => {
    await using service = await recordRequests(
      "HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\n\r\nHTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
    );
    await using mux = await startMux({ "shop.test": service.port });
    for (const headers of relayedAndNot) {
      await using client = connectBy(way, mux, "shop.test");
      const sending = client.send({ headers });
      const answer = await whole(sending);
      assert.equal(answer.status, 204);
      for (const said of [answer, ...sending.informed])
        assert.equal(said.headers["content-length"], undefined);
      assert.equal(sending.informed.length, 1);
    }
  });

  test(`${way}: a redirect and an error of the service's own go through as they are`, async () => {
    await using service = await startHttp((request, response) => {
      if (request.url === "/old") response.writeHead(302, { location: "/new" }).end();
      else response.writeHead(500, { "content-type": "text/html" }).end("<h1>No</h1>");
    });
    await using mux = await startMux({ "shop.test": service.port });
    const moved = await ask(way, mux, "shop.test", { path: "/old" });
    assert.deepEqual([moved.status, moved.headers.location], [302, "/new"]);
    const failed = await ask(way, mux, "shop.test");
    assert.deepEqual([failed.status, failed.text], [500, "<h1>No</h1>"]);
    assert.equal(failed.headers["oneport-refusal"], undefined);
  });

  for (const [what, answer] of [
    ["a status below 100", "HTTP/1.1 099 Odd\r\nContent-Length: 2\r\n\r\nok"],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok"],
    [
      "a switch of protocols nobody asked for",
      "HTTP/1.1 101 Odd\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    ],
    ["words that are not HTTP", "220 mail.test ESMTP\r\n"],
  ] as const) {
    test(`${way}: ${what} from a service is a 502, and of no further consequence`, async () => {
      await using service = await recordRequests(answer);
      await using mux = await startMux({ "shop.test": service.port });
      await using client = connectBy(way, mux, "shop.test");
      for (let count = 0; count < 2; count++) {
        const refused = await whole(client.send());
        assert.equal(refused.status, 502);
        assert.equal(refused.headers["oneport-refusal"], "target-broke-off");
      }
    });
  }

  test(`${way}: trailers that were announced where none can follow are left out`, async () => {
    await using service = await recordRequests(
      "HTTP/1.1 200 OK\r\nTrailer: X-A\r\nContent-Length: 2\r\n\r\nok",
    );
    await using mux = await startMux({ "shop.test": service.port });
    await using client = connectBy(way, mux, "shop.test");
    assert.equal((await whole(client.send())).text, "ok");
    // Node's own client does not say such a thing in HTTP/1.1.
    if (!isHttp2) return;
    const headers = { trailer: "x-sum", "content-length": "3" };
    assert.equal((await whole(client.send({ method: "POST", body: "abc", headers }))).text, "ok");
    assert.deepEqual(service.requests[1]?.valuesOf("trailer"), []);
  });
}

for (const [who, te] of http1Servers) {
  for (const how of ["in the clear", "over TLS"]) {
    test(`an empty line before a request or behind its body, as old clients send it, is ignored ${how}: ${who}`, async () => {
      for (const before of ["", "\r\n"]) {
        await using service = await recordRequests();
        await using mux = await startMux({ "shop.test": service.port });
        const raw = await connect(mux.port);
        const socket = how === "over TLS" ? await connectTls(mux, "shop.test", { socket: raw }) : raw;
        const post = `POST / HTTP/1.1\r\nHost: shop.test\r\n${te}Content-Length: 3\r\n\r\nabc`;
        let received = "";
        socket.on("data", (chunk) => {
          received += chunk;
        });
        for (const [at, said] of [`${before}${post}\r\n`, post, `\r\n${post}`].entries()) {
          socket.write(said);
          await until(() => readAnswers(received, []).answers.length === at + 1, "its answer");
        }
        socket.end("\r\n");
        assert.deepEqual((await mux.report(() => true)).ending, { how: "closed" });
        assert.deepEqual(
          service.requests.map(({ body }) => body),
          ["abc", "abc", "abc"],
        );
      }
    });
  }
}

test("HTTP/1.0 clients are answered in a form they know, and no interim answer is sent to them", async () => {
  await using service = await startHttp((request, response) => {
    response.writeEarlyHints({ link: "</a>; rel=preload" });
    response.write(`${request.headers.host} `);
    response.end(request.url);
  });
  await using mux = await startMux({ "old.test": service.port, "*": service.port });
  const answer = await speak(mux.port, "GET /x HTTP/1.0\r\nHost: old.test\r\nUpgrade: h2c\r\n\r\n");
  assert.equal(statusOf(answer), 200);
  assert.match(answer, /^Connection: close\r$/m);
  assert.doesNotMatch(answer, /chunked|103/);
  assert.ok(answer.endsWith("\r\n\r\nold.test /x"), answer);
  // The service speaks HTTP/1.1 and wants a Host, were it an empty one.
  const nameless = await speak(mux.port, "GET /y HTTP/1.0\r\n\r\n");
  assert.equal(statusOf(nameless), 200, nameless);
  const kept = "GET /1 HTTP/1.0\r\nHost: old.test\r\nConnection: keep-alive\r\n\r\n";
  const both = await speak(mux.port, `${kept}GET /2 HTTP/1.0\r\nHost: old.test\r\n\r\n`);
  assert.equal(statusOf(both), 200, both);
});

test("a POST without a length has no body, and the service is told so", async () => {
  await using service = await recordRequests();
  await using mux = await startMux({ "shop.test": service.port });
  const answer = await speak(mux.port, "POST / HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n");
  assert.equal(statusOf(answer), 200);
  assert.deepEqual(service.requests[0]?.valuesOf("content-length"), ["0"]);
  assert.deepEqual(service.requests[0]?.valuesOf("transfer-encoding"), []);
});

test("OPTIONS * and a URL as the target arrive as RFC 9112 has them", async () => {
  await using service = await recordRequests();
  await using mux = await startMux({ "shop.test": service.port });
  await speak(mux.port, "OPTIONS * HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n");
  await speak(mux.port, "GET http://shop.test/a?b HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n");
  await speak(mux.port, "GET http://shop.test?b HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n");
  assert.deepEqual(
    service.requests.map(({ line }) => line),
    ["OPTIONS * HTTP/1.1", "GET /a?b HTTP/1.1", "GET /?b HTTP/1.1"],
  );
});
