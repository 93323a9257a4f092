/** “Expect: 100-continue”: the service's own word decides whether a body is sent. */
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import {
  connectBy,
  http1Servers,
  relayedAndNot,
  type Sending,
  speak,
  statusOf,
  until,
  ways,
  whole,
} from "./http-support.ts";
import { connectTls, outcome } from "./streams.ts";
import { startHttp, startMux, type TestMux } from "./support.ts";

const expecting = {
  method: "POST",
  body: "open",
  headers: { expect: "100-continue", "content-length": "3" },
} as const;

for (const way of ways) {
  test(`${way}: the service's 100 reaches the client, and only then is its body sent`, async () => {
    let goOn: (() => void) | undefined;
    await using service = await startHttp(() => assert.fail("it asks first"));
    service.server.on("checkContinue", (request, response) => {
      goOn = () => {
        response.writeContinue();
        void text(request).then((body) => response.end(`got ${body}`));
      };
    });
    await using mux = await startMux({ "shop.test": service.port });
    await using client = connectBy(way, mux, "shop.test");
    const sending = client.send(expecting);
    await until(() => goOn !== undefined, "the service is asked");
    assert.deepEqual(statuses(sending), []);
    goOn?.();
    await until(() => sending.informed.length > 0, "the client hears it");
    assert.deepEqual(statuses(sending), [100]);
    sending.body.end("abc");
    assert.equal((await whole(sending)).text, "got abc");
  });

  for (const status of [401, 413, 417]) {
    test(`${way}: a service that says ${status} instead is heard, and never sees the body`, async () => {
      let arrived = "";
      await using service = await startHttp(() => assert.fail("it asks first"));
      service.server.on("checkContinue", (request, response) => {
        request.on("data", (chunk) => {
          arrived += chunk;
        });
        response.writeHead(status, { "content-type": "text/plain" }).end("no");
      });
      await using mux = await startMux({ "shop.test": service.port });
      await using client = connectBy(way, mux, "shop.test");
      const sending = client.send(expecting);
      const answer = await whole(sending);
      assert.deepEqual([answer.status, answer.text], [status, "no"]);
      assert.deepEqual(statuses(sending), []);
      sending.abort();
      await until(() => service.sockets.size === 0, "the service's connection ends");
      assert.equal(arrived, "");
    });
  }
}

test("a refused body on HTTP/1.1 ends the connection, so that it is not taken for a request", async () => {
  await using service = await startHttp(() => assert.fail("it asks first"));
  service.server.on("checkContinue", (_request, response) => response.writeHead(401).end());
  await using mux = await startMux({ "shop.test": service.port });
  const since = performance.now();
  const answer = await speak(
    mux.port,
    "POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 60\r\nExpect: 100-continue\r\n\r\n",
  );
  assert.equal(statusOf(answer), 401);
  assert.match(answer, /^Connection: close\r$/m);
  assert.ok(performance.now() - since < 2000, "a client that holds its body back is not waited for");
});

test("an expectation that nobody knows is a 417", async () => {
  await using service = await startHttp((_request, response) => response.end());
  await using mux = await startMux({ "shop.test": service.port });
  const answer = await speak(
    mux.port,
    "GET / HTTP/1.1\r\nHost: shop.test\r\nExpect: tea\r\nConnection: close\r\n\r\n",
  );
  assert.equal(statusOf(answer), 417);
});

for (const [what, host, expectation, statuses] of [
  ["no route", "nobody.test", "", [404]],
  ["a service that refuses", "strict.test", "", [413]],
  ["a service that refuses after it has said 100", "strict.test", "Expect: 100-continue\r\n", [100, 413]],
] as const) {
  test(`a client that is in the midst of a large upload still hears of ${what}`, async () => {
    const refuse: http.RequestListener = (_request, response) => {
      response.writeHead(413, { connection: "close" }).end("too large");
    };
    await using service = await startHttp(refuse);
    service.server.on("checkContinue", (request, response) => {
      response.writeContinue();
      refuse(request, response);
    });
    await using mux = await startMux({ "strict.test": service.port });
    const { answer, uploaded } = await uploadTo(mux, host, expectation);
    const said = Array.from(answer.matchAll(/^HTTP\/1\.1 (\d+) /gm), ([, status]) => Number(status));
    assert.deepEqual(said, statuses, answer);
    assert.match(answer, /^Connection: close\r$/m);
    assert.equal(uploaded, true);
  });
}

/** Sends 8 MB without a look at what comes back, as simple clients do. */
async function uploadTo({ port }: TestMux, host: string, expectation: string) {
  const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  let answer = "";
  let broken = false;
  socket.on("data", (chunk) => {
    answer += chunk.toString("latin1");
  });
  socket.on("error", () => {
    broken = true;
  });
  const body = Buffer.alloc(8 * 1024 * 1024, "x");
  socket.write(`POST / HTTP/1.1\r\nHost: ${host}\r\n${expectation}Content-Length: ${body.length}\r\n\r\n`);
  for (let at = 0; at < body.length && !broken; at += 65_536) {
    await new Promise((resolve) => socket.write(body.subarray(at, at + 65_536), resolve));
  }
  socket.end();
  await new Promise((resolve) => socket.once("close", resolve));
  return { answer, uploaded: !broken };
}

test("a client that gives its upload up after an early answer leaves nothing open at the service", async () => {
  await using service = await startHttp((_request, response) => response.end("early"));
  await using mux = await startMux({ "shop.test": service.port });
  const agent = new http.Agent({ keepAlive: true });
  const request = http.request({
    port: mux.port,
    host: "127.0.0.1",
    agent,
    method: "POST",
    headers: { host: "shop.test" },
  });
  request.on("error", () => undefined);
  request.write("some");
  const response = await new Promise<http.IncomingMessage>((resolve) => request.once("response", resolve));
  assert.equal(await text(response), "early");
  request.destroy();
  agent.destroy();
  await until(() => service.sockets.size === 0, "the service's connection ends");
});

test("a client of HTTP/2 that goes on with a refused upload is told to stop", async () => {
  await using service = await startHttp((_request, response) => response.writeHead(403).end("no"));
  await using mux = await startMux({ "shop.test": service.port });
  await using client = connectBy("HTTP/2 over TLS", mux, "shop.test");
  // With "TE" it is not relayed.
  const sending = client.send({ method: "POST", body: "open", headers: { te: "trailers" } });
  sending.body.write("some");
  const { status, body } = await sending.answer;
  assert.equal(status, 403);
  body.resume();
  await once(body, "close");
  assert.equal("rstCode" in body && body.rstCode, 0, "NO_ERROR");
});

for (const [server, pieces] of [
  ["the relay", 1],
  ["Node's server", 2],
] as const) {
  test(`${server}: a client that reads only when all is said gets the refusal of its upload, however slow it is`, async () => {
    await using service = await startHttp((request, response) => {
      response.writeHead(401).end("no way");
      request.resume();
    });
    await using mux = await startMux({ "shop.test": service.port });
    const socket = net.connect(mux.port, "127.0.0.1");
    const head = "POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 60000\r\n\r\n";
    socket.write(head.slice(0, pieces === 1 ? undefined : -2));
    if (pieces === 2) setImmediate(() => socket.write("\r\n"));
    // Longer than a client that is silent is waited for.
    for (let written = 0; written < 60_000; written += 10_000) {
      await wait(500);
      socket.write("x".repeat(10_000));
    }
    socket.end();
    const answer = await text(socket);
    assert.match(answer, /^HTTP\/1\.1 401 /);
    assert.match(answer, /no way/);
    assert.deepEqual((await mux.report(() => true)).received, head.length + 60_000);
  });
}

for (const [server, te] of http1Servers) {
  test(`${server}: an upload that is answered well and early goes on, however slow, and so does its connection`, async () => {
    let uploaded = "";
    await using service = await startHttp((request, response) => {
      request.on("data", (chunk) => {
        uploaded += chunk;
      });
      response.end("early");
    });
    await using mux = await startMux({ "shop.test": service.port });
    const socket = net.connect(mux.port, "127.0.0.1");
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk;
    });
    const request = `POST / HTTP/1.1\r\nHost: shop.test\r\n${te}Content-Length: 8\r\n\r\nhalf`;
    socket.write(request);
    await until(() => answer.includes("early"), "the answer");
    // Longer than a client that was refused is waited for.
    await wait(2200);
    socket.write(`rest${request}rest`);
    await until(() => uploaded === "halfresthalfrest", "both uploads are whole");
    await until(() => answer.match(/early/g)?.length === 2, "both are answered");
    assert.doesNotMatch(answer, /Connection: close/i);
    socket.destroy();
  });

  test(`${server}: the connection of a refused upload ends as soon as that is whole`, async () => {
    await using service = await startHttp((_request, response) => {
      response.writeHead(413, { connection: "close" }).end("too large");
    });
    await using mux = await startMux({ "shop.test": service.port });
    const socket = net.connect({ port: mux.port, host: "127.0.0.1", allowHalfOpen: true });
    socket.write(`POST / HTTP/1.1\r\nHost: shop.test\r\n${te}Content-Length: 8\r\n\r\nhalf`);
    const answer = outcome(socket);
    await once(socket, "data");
    socket.write("rest");
    assert.match(String((await answer).bytes), /^HTTP\/1\.1 413 /);
    const { milliseconds } = await mux.report(() => true);
    assert.ok(milliseconds < 2000, "sooner than a client that falls silent is hung up on");
  });

  test(`${server}: a client that was refused and does not go on with its upload is hung up on in the end`, async () => {
    await using service = await startHttp((_request, response) => response.writeHead(401).end("no way"));
    // It does not hang up of itself.
    service.server.keepAliveTimeout = 0;
    await using mux = await startMux({ "shop.test": service.port });
    const socket = net.connect({ port: mux.port, host: "127.0.0.1", allowHalfOpen: true });
    socket.write(`POST / HTTP/1.1\r\nHost: shop.test\r\n${te}Content-Length: 9\r\n\r\nhalf`);
    const answer = text(socket);
    await until(() => socket.readableEnded, "the end");
    assert.match(await answer, /^HTTP\/1\.1 401 .*no way/s);
    socket.destroy();
    const next = await speak(mux.port, "GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n");
    assert.equal(statusOf(next), 401, "the service does not take this for the rest of the upload");
  });
}

for (const [server, te] of http1Servers) {
  test(`${server}: the end of an upload that is answered already arrives, though its client goes right behind it`, async () => {
    const uploaded = Promise.withResolvers<void>();
    await using service = await startHttp((request, response) => {
      request.resume().once("end", uploaded.resolve);
      response.end("early");
    });
    await using mux = await startMux({ "shop.test": service.port });
    // With TLS both can come in one turn.
    const client = await connectTls(mux, "shop.test", { ALPNProtocols: ["http/1.1"] });
    client.write(`POST / HTTP/1.1\r\nHost: shop.test\r\n${te}Content-Length: 8\r\n\r\nhalf`);
    await once(client, "data");
    client.end("rest");
    await uploaded.promise;
    assert.deepEqual((await mux.report(() => true)).ending, { how: "closed" });
  });
}

test("a request that comes with its client's end is not passed on, be it behind an upload that was answered early", async () => {
  const asked: string[] = [];
  await using service = await startHttp((request, response) => {
    asked.push(request.url ?? "");
    response.end(request.url);
  });
  await using mux = await startMux({ "shop.test": service.port });
  const client = await connectTls(mux, "shop.test", { ALPNProtocols: ["http/1.1"] });
  client.write("POST /early HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 8\r\n\r\nhalf");
  await once(client, "data");
  client.end("restGET /late HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  assert.deepEqual((await mux.report(() => true)).ending, { how: "closed" });
  const next = await speak(mux.port, "GET /next HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n");
  assert.match(next, /\/next/);
  assert.deepEqual(asked, ["/early", "/next"]);
});

test("HTTP/2: an upload that is answered well and early goes on, and so does its service's connection", async () => {
  for (const headers of relayedAndNot) {
    const uploaded: string[] = [];
    await using service = await startHttp((request, response) => {
      void text(request).then((body) => uploaded.push(body));
      response.end("early");
    });
    await using mux = await startMux({ "shop.test": service.port });
    await using client = connectBy("HTTP/2 over TLS", mux, "shop.test");
    for (let count = 1; count <= 2; count++) {
      const sending = client.send({ method: "POST", body: "open", headers });
      sending.body.write("half");
      assert.equal((await whole(sending)).text, "early");
      sending.body.end("rest");
      await until(() => uploaded.length === count, "the upload is whole");
    }
    assert.deepEqual(uploaded, ["halfrest", "halfrest"]);
    assert.equal(service.sockets.size, 1);
  }
});

function statuses({ informed }: Sending): number[] {
  return informed.map(({ status }) => status);
}
