/** What breaks off on one side breaks off on the other, and is never passed off as an end. */
import assert from "node:assert/strict";
import type net from "node:net";
import { test } from "node:test";
import {
  ask,
  connectBy,
  readBroken,
  relayedAndNot,
  speak,
  statusOf,
  until,
  ways,
  whole,
} from "./http-support.ts";
import { turn } from "./streams.ts";
import { startHttp, startMux, startTcp } from "./support.ts";

/** Says so much in answer to a request, and ends as told once the client has it. */
async function breaking(said: string, how: (socket: net.Socket) => void) {
  const service = await startTcp((socket) => socket.once("data", () => socket.write(said)));
  const breakOff = () => {
    for (const socket of service.sockets) how(socket);
  };
  return { ...service, breakOff };
}

const endings = {
  "chunked, and ends": ["Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", (socket) => socket.end()],
  "chunked, and resets": [
    "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    (socket) => socket.resetAndDestroy(),
  ],
  "of known length, and ends": ["Content-Length: 10\r\n\r\nhello", (socket) => socket.end()],
  "of known length, and resets": ["Content-Length: 10\r\n\r\nhello", (socket) => socket.resetAndDestroy()],
  "delimited by its end, and resets": ["\r\nhello", (socket) => socket.resetAndDestroy()],
} satisfies Record<string, [string, (socket: net.Socket) => void]>;

for (const way of ways) {
  for (const [what, [said, how]] of Object.entries(endings)) {
    test(`${way}: a service is in the midst of an answer ${what}: the client sees that it is not whole`, async () => {
      await using service = await breaking(`HTTP/1.1 200 OK\r\n${said}`, how);
      await using mux = await startMux({ "shop.test": service.port });
      for (const headers of relayedAndNot) {
        await using client = connectBy(way, mux, "shop.test");
        const { status, body } = await client.send({ headers }).answer;
        assert.equal(status, 200);
        const reading = readBroken(body);
        service.breakOff();
        assert.equal((await reading).whole, false);
        if (way === "HTTP/2 over TLS") {
          assert.equal("rstCode" in body && body.rstCode, 2, "INTERNAL_ERROR");
        } else {
          const { ending } = await mux.report(() => true);
          assert.deepEqual(ending, { how: "reset", by: "target" });
        }
      }
    });
  }

  test(`${way}: a service that dies before it answers is a 502`, async () => {
    await using service = await startTcp((socket) => socket.once("data", () => socket.resetAndDestroy()));
    await using mux = await startMux({ "shop.test": service.port });
    await using client = connectBy(way, mux, "shop.test");
    for (const method of ["GET", "POST"]) {
      const answer = await whole(client.send({ method, body: method === "POST" ? "abc" : "" }));
      assert.equal(answer.status, 502);
      assert.match(answer.text, /broke off before it answered/);
    }
  });

  for (const [what, said] of Object.entries({
    "whose answer can become none": "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
    "whose first chunk is none": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5 x\r\nhello\r\n",
  })) {
    test(`${way}: a service ${what} is a 502 at once, though it stays there`, async () => {
      await using service = await startTcp((socket) => socket.on("data", () => socket.write(said)));
      await using mux = await startMux({ "shop.test": service.port });
      assert.equal((await ask(way, mux, "shop.test")).status, 502);
    });
  }

  test(`${way}: an answer that is coded in transit is not passed off as plain`, async () => {
    const said =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n4\r\n\x1f\x8b\x08\x00\r\n0\r\n\r\n";
    await using service = await startTcp((socket) => socket.on("data", () => socket.write(said, "latin1")));
    await using mux = await startMux({ "shop.test": service.port });
    for (const headers of relayedAndNot) {
      assert.equal((await ask(way, mux, "shop.test", { headers })).status, 502);
    }
  });

  test(`${way}: a client that aborts in the midst of an answer ends the service's connection`, async () => {
    await using service = await startHttp((_request, response) => response.write("hello"));
    await using mux = await startMux({ "shop.test": service.port });
    for (const headers of relayedAndNot) {
      await using client = connectBy(way, mux, "shop.test");
      const sending = client.send({ headers });
      await sending.answer;
      assert.equal(service.sockets.size, 1);
      sending.abort();
      await until(() => service.sockets.size === 0, "the service's connection ends");
    }
  });

  test(`${way}: a client that aborts while it waits ends the service's connection`, async () => {
    await using service = await startHttp(() => undefined);
    await using mux = await startMux({ "shop.test": service.port });
    for (const headers of relayedAndNot) {
      await using client = connectBy(way, mux, "shop.test");
      const sending = client.send({ headers });
      await until(() => service.sockets.size === 1, "the request arrives");
      sending.abort();
      await until(() => service.sockets.size === 0, "the service's connection ends");
    }
  });

  test(`${way}: a client that aborts its upload is not taken for one that has finished it`, async () => {
    let whole: boolean | undefined;
    let received = "";
    await using service = await startHttp((request) => {
      request.on("data", (chunk) => {
        received += chunk;
      });
      request.on("error", () => undefined);
      request.once("close", () => {
        whole = request.complete;
      });
    });
    await using mux = await startMux({ "shop.test": service.port });
    for (const headers of relayedAndNot) {
      [whole, received] = [undefined, ""];
      await using client = connectBy(way, mux, "shop.test");
      const sending = client.send({ method: "POST", body: "open", headers });
      sending.body.write("half");
      await until(() => received === "half", "half of it arrives");
      sending.abort();
      await until(() => whole !== undefined, "the service hears");
      assert.equal(whole, false);
    }
  });

  test(`${way}: after a broken answer the next request is served`, async () => {
    let count = 0;
    await using service = await startHttp((_request, response) => {
      if (++count > 1) return void response.end("whole");
      response.write("half", () => response.socket?.resetAndDestroy());
    });
    await using mux = await startMux({ "shop.test": service.port });
    await using client = connectBy(way, mux, "shop.test");
    const { body } = await client.send().answer;
    assert.equal((await readBroken(body)).whole, false);
    assert.equal((await whole(client.send())).text, "whole");
  });
}

const length = 100_000;
for (const [framing, head, end] of [
  ["of known length", `Content-Length: ${length}\r\n\r\n`, "a"],
  ["in chunks", `Transfer-Encoding: chunked\r\n\r\n${length.toString(16)}\r\n`, "a\r\n0\r\n\r\n"],
] as const) {
  test(`an answer ${framing} that came whole is whole, though its service breaks off before its client reads it`, async () => {
    let last = (): void => assert.fail("nobody has asked");
    await using service = await startTcp((socket) => {
      socket.once("data", () => socket.write(`HTTP/1.1 200 OK\r\n${head}${"a".repeat(length - 1)}`));
      last = () => socket.write(end, () => socket.resetAndDestroy());
    });
    await using mux = await startMux({ "shop.test": service.port });
    await using client = connectBy("HTTP/2 over TLS", mux, "shop.test");
    // With "TE" it is not relayed.
    const { body } = await client.send({ headers: { te: "trailers" } }).answer;
    await until(() => body.readableLength > 0, "as much comes as a client of HTTP/2 takes unread");
    last();
    await until(() => service.sockets.size === 0, "the service's connection ends");
    await turn();
    const { text, whole } = await readBroken(body);
    assert.deepEqual([text.length, whole], [length, true]);
  });
}

test("on HTTP/2 a broken answer ends its own stream and no other", async () => {
  await using service = await startHttp((request, response) => {
    if (request.url === "/fine") return void setTimeout(() => response.end("fine"), 50);
    response.write("half", () => response.socket?.resetAndDestroy());
  });
  await using mux = await startMux({ "shop.test": service.port });
  await using client = connectBy("HTTP/2 over TLS", mux, "shop.test");
  const fine = whole(client.send({ path: "/fine" }));
  const { body } = await client.send({ path: "/broken" }).answer;
  assert.equal((await readBroken(body)).whole, false);
  assert.equal((await fine).text, "fine");
});

test("a bad chunk in the midst of an upload is a 400, and the service never sees the upload end", async () => {
  let complete: boolean | undefined;
  await using service = await startHttp((request) => {
    request
      .on("error", () => undefined)
      .once("close", () => {
        complete = request.complete;
      });
    request.resume();
  });
  await using mux = await startMux({ "shop.test": service.port });
  const answer = await speak(
    mux.port,
    "POST / HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n",
  );
  assert.equal(statusOf(answer), 400);
  await until(() => service.sockets.size === 0, "the service's connection ends");
  assert.notEqual(complete, true);
});

test("what is not HTTP behind a request does not get into the midst of its answer", async () => {
  await using service = await startHttp((_request, response) => response.write("half"));
  await using mux = await startMux({ "shop.test": service.port });
  // With "TE" a request is not relayed, and what is behind it does not wait for its turn.
  const request = "GET / HTTP/1.1\r\nHost: shop.test\r\nTE: trailers\r\n\r\n";
  const answer = await speak(mux.port, `${request}\x01\x02\r\n\r\n`);
  assert.doesNotMatch(answer, /400/);
  const { ending } = await mux.report(() => true);
  assert.equal(ending.how, "refused");
});
