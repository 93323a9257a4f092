/** What is relayed, what is handed over to Node's server, and what becomes of the connections on both sides. */
import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { http1Servers, speak, statusOf, until } from "./http-support.ts";
import { recordRequests } from "./raw-service.ts";
import { startFront } from "./relay-fronts.ts";
import { dial, get, ok, startAnswering, startService } from "./relay-support.ts";
import { turn } from "./streams.ts";

/** A client that has its answer, and has sent half of its upload, "half"; "rest" is the other one. */
async function answeredEarly(port: number) {
  const dialled = await dial(port);
  dialled.socket.write("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 8\r\n\r\nhalf");
  await until(() => dialled.answers().length === 1, "the answer");
  return dialled;
}

for (const [what, request] of Object.entries({
  "without a body": `${get}\r\n`,
  "with a length": "POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 3\r\n\r\nabc",
  "in chunks": "PUT / HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
  "of a method that few know": "LIST / HTTP/1.1\r\nHost: shop.test\r\n\r\n",
  "that is the last": `${get}Connection: close\r\n\r\n`,
})) {
  test(`a request ${what} is relayed`, async () => {
    await using service = await recordRequests();
    await using front = await startFront("relay", { "shop.test": service.port });
    const { socket, answers } = await dial(front.port);
    socket.write(request);
    await until(() => answers().length === 1, "the answer");
    assert.equal(answers()[0]?.body, "ok");
    assert.equal(service.requests.length, 1);
    assert.equal(front.handedOver, 0);
    socket.destroy();
  });
}

for (const [what, request, status] of [
  ["that asks for another protocol", `${get}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`, 200],
  ["with an expectation", `${get}Expect: 100-continue\r\nContent-Length: 1\r\n\r\na`, 200],
  ["CONNECT", "CONNECT shop.test:443 HTTP/1.1\r\nHost: shop.test\r\n\r\n", 501],
  ["for a URL", "GET http://shop.test/ HTTP/1.1\r\nHost: shop.test\r\n\r\n", 200],
  ["with two Hosts", `${get}Host: shop.test\r\n\r\n`, 400],
  ["that takes trailers", `${get}TE: trailers\r\n\r\n`, 200],
  ["with a length and a coding", `${get}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`, 400],
  ["for nobody", "GET / HTTP/1.1\r\nHost: nobody.test\r\n\r\n", 404],
  ["of HTTP/1.0", "GET / HTTP/1.0\r\nHost: shop.test\r\n\r\n", 200],
  ["whose head comes in two pieces", get, 200],
] as const) {
  test(`a request ${what} is handed over, be it the first or a later one`, async () => {
    for (const before of [0, 2]) {
      await using service = await recordRequests();
      await using front = await startFront("relay", { "shop.test": service.port });
      const { socket, answers } = await dial(front.port);
      for (let count = 1; count <= before; count++) {
        socket.write(`${get}\r\n`);
        await until(() => answers().length === count, "an answer");
      }
      assert.equal(front.handedOver, 0);
      socket.write(request);
      await until(() => front.handedOver === 1, "it is handed over");
      if (request === get) socket.write("\r\n");
      await until(() => answers().length > before || socket.readableEnded, "its answer");
      const [said] = answers().slice(before);
      if (said) assert.equal(statusOf(said.line), status);
      else assert.equal(what, "of HTTP/1.0", "its answer ends with the connection");
      socket.destroy();
    }
  });
}

test("the answer to a request that is the last ends its connection, and none behind it is served", async () => {
  await using service = await recordRequests();
  await using front = await startFront("relay", { "shop.test": service.port });
  const { socket, answers } = await dial(front.port);
  socket.write(`${get}Connection: close\r\n\r\n${get}\r\n`);
  await until(() => socket.closed, "its end");
  assert.equal(answers().length, 1);
  assert.equal(service.requests.length, 1);
});

test("a request that comes while another is answered waits for its turn", async () => {
  const asked: net.Socket[] = [];
  await using service = await startService((socket) => asked.push(socket));
  await using front = await startFront("relay", { "shop.test": service.port });
  const { socket, answers } = await dial(front.port);
  socket.write(`${get}\r\n`);
  await until(() => asked.length === 1, "the first arrives");
  socket.write(`POST /2 HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 3\r\n\r\nabc`);
  asked[0]?.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfir");
  await until(() => front.handedOver === 0 && answers().length === 0, "the first is not whole");
  assert.equal(asked.length, 1);
  asked[0]?.write("st");
  await until(() => asked.length === 2, "the second arrives");
  asked[1]?.write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond");
  await until(() => answers().length === 2, "both are answered");
  assert.deepEqual(
    answers().map(({ body }) => body),
    ["first", "second"],
  );
  assert.equal(service.sockets.size, 1, "one connection to the service carries both");
  socket.destroy();
});

test("a client that asks and asks and does not read is answered no more, until it reads", async () => {
  let asked = 0;
  const answer = `HTTP/1.1 200 OK\r\nContent-Length: 16000\r\n\r\n${"a".repeat(16_000)}`;
  await using service = await startService((socket) => {
    asked++;
    socket.write(answer);
  });
  await using front = await startFront("relay", { "shop.test": service.port });
  const { socket, answers, received } = await dial(front.port);
  socket.pause();
  let sent = 0;
  for (; asked === sent && sent < 3000; sent++) {
    socket.write(`${get}\r\n`);
    const deadline = performance.now() + 300;
    while (asked === sent && performance.now() < deadline) await wait(1);
  }
  assert.ok(sent < 3000, "somewhere it stops");
  socket.resume();
  const each = () => received().indexOf("\r\n\r\n") + 4 + 16_000;
  await until(() => received().length === sent * each(), "all of them are answered");
  assert.equal(answers().length, sent);
  assert.equal(front.handedOver, 0);
  socket.destroy();
});

test("the end of a body that comes with the next request goes out before that", async () => {
  let heard = "";
  await using service = await startService((socket, said) => {
    heard += said;
    if (said.includes(" HTTP/1.1\r\n")) socket.write(ok);
  });
  await using front = await startFront("relay", { "shop.test": service.port });
  const { socket, answers } = await answeredEarly(front.port);
  socket.write(`rest${get}\r\n`);
  await until(() => answers().length === 2, "the next answer");
  assert.match(heard, /\r\n\r\nhalfrestGET \/ HTTP\/1\.1\r\n/);
  socket.destroy();
});

test("a service that breaks off behind an early answer breaks nothing off for its client", async () => {
  await using service = await startAnswering();
  await using front = await startFront("relay", { "shop.test": service.port });
  const { socket, answers } = await answeredEarly(front.port);
  for (const busy of service.sockets) busy.resetAndDestroy();
  await turn();
  socket.write(`rest${get}\r\n`);
  await until(() => answers().length === 2, "the next answer");
  socket.destroy();
});

test("a service that refuses an upload and will close is sent no more of it", async () => {
  let heard = "";
  await using service = await startService((socket, said) => {
    heard += said;
    socket.write("HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  });
  await using front = await startFront("relay", { "shop.test": service.port });
  const { socket } = await answeredEarly(front.port);
  socket.write("rest");
  await until(() => socket.closed && service.sockets.size === 0, "both connections end");
  assert.doesNotMatch(heard, /rest/);
});

test("what a service says beyond an answer to half a request reaches nobody either", async () => {
  await using service = await startAnswering();
  await using front = await startFront("relay", { "shop.test": service.port });
  const { socket, answers, received } = await answeredEarly(front.port);
  for (const busy of service.sockets) await new Promise((resolve) => busy.write("stray", resolve));
  await turn();
  socket.write(`rest${get}\r\n`);
  await until(() => answers().length === 2, "the next answer");
  assert.doesNotMatch(received(), /stray/);
  assert.equal(service.asked.size, 2, "its connection is not used again");
  socket.destroy();
});

test("a refusal of a request that is whole ends the connection at once, though its body waited for the service", async () => {
  await using front = await startFront("relay", { "dead.test": { to: "http://127.0.0.1:1", hold: 0 } });
  const { socket, answers } = await dial(front.port);
  const since = performance.now();
  socket.write("POST / HTTP/1.1\r\nHost: dead.test\r\nContent-Length: 4\r\n\r\nbody");
  await until(() => socket.closed, "the end");
  assert.equal(statusOf(answers()[0]?.line ?? ""), 502);
  assert.ok(performance.now() - since < 2000, "sooner than a client that falls silent is hung up on");
});

test("a byte beyond ASCII in a header goes through as it is, with a body as without", async () => {
  await using service = await recordRequests(
    "HTTP/1.1 200 OK\r\nX-A: J\xfcrgen\r\nContent-Length: 0\r\n\r\n",
  );
  await using front = await startFront("relay", { "shop.test": service.port });
  const { socket, answers } = await dial(front.port);
  const post = "POST / HTTP/1.1\r\nHost: shop.test\r\nX-A: Bj\xf6rk\r\nContent-Length: 3\r\n\r\n";
  socket.write(post, "latin1");
  await until(() => service.received[0]?.includes("\r\n\r\n") ?? false, "the head arrives");
  socket.write("abc");
  await until(() => answers().length === 1, "the answer");
  assert.deepEqual(service.requests[0]?.valuesOf("x-a"), ["Bj\xf6rk"]);
  assert.ok(answers()[0]?.headers.includes("X-A: J\xfcrgen"));
  socket.destroy();
});

for (const [server, te] of http1Servers) {
  test(`${server}: a bad chunk behind an answer that has begun breaks it off, and before it is a 400`, async () => {
    const bad = `POST / HTTP/1.1\r\nHost: shop.test\r\n${te}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`;
    await using service = await startAnswering("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    await using silent = await startService(() => {});
    await using front = await startFront("relay", { "shop.test": service.port, "silent.test": silent.port });
    const { socket, received } = await dial(front.port);
    socket.write(bad);
    await until(() => received().endsWith("half"), "the answer begins");
    socket.write("zz\r\n");
    await until(() => socket.closed, "it is broken off");
    assert.doesNotMatch(received(), / 400 /);
    const answer = await speak(front.port, `${bad.replace("shop", "silent")}zz\r\n`);
    assert.equal(statusOf(answer), 400);
    await until(() => service.sockets.size === 0 && silent.sockets.size === 0, "no service waits for more");
  });
}

test("a bad chunk behind a refusal is not refused as well", async () => {
  await using front = await startFront("relay", { "dead.test": { to: "http://127.0.0.1:1", hold: 0 } });
  const { socket, received } = await dial(front.port);
  socket.write("POST / HTTP/1.1\r\nHost: dead.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  await until(() => received().includes(" 502 "), "the refusal");
  socket.write("zz\r\n");
  await until(() => socket.closed, "it is broken off");
  assert.doesNotMatch(received(), / 400 /);
});

for (const [server, te] of http1Servers) {
  test(`${server}: what a client says after a bad chunk is read away, so that it hears why it is refused, and its service is left`, async () => {
    await using silent = await startService(() => {});
    await using front = await startFront("relay", { "shop.test": silent.port });
    const socket = net.connect({ port: front.port, host: "127.0.0.1", allowHalfOpen: true });
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
    });
    const bad = `POST / HTTP/1.1\r\nHost: shop.test\r\n${te}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`;
    socket.write(bad);
    await until(() => silent.sockets.size === 1, "the service is asked");
    socket.write("zz\r\n");
    await until(() => silent.sockets.size === 0, "the service is left");
    await until(() => socket.readableEnded, "the refusal is whole");
    assert.match(answer, /^HTTP\/1\.1 400 /);
    const more = "more".repeat(100_000);
    socket.end(more);
    await until(() => front.reports.length === 1, "the report");
    assert.equal(front.reports[0]?.received, bad.length + "zz\r\n".length + more.length);
  });
}

for (const [server, te] of http1Servers) {
  test(`${server}: a client that ends in the midst of its request is told as one that broke off, behind it as one that closed`, async () => {
    await using silent = await startService(() => {});
    await using front = await startFront("relay", { "shop.test": silent.port });
    for (const length of [3, 2]) {
      const { socket } = await dial(front.port);
      socket.write(`POST / HTTP/1.1\r\nHost: shop.test\r\n${te}Content-Length: ${length}\r\n\r\nab`);
      await until(() => silent.sockets.size === 1, "the service is asked");
      socket.end();
      await until(() => socket.closed && silent.sockets.size === 0, "both are over");
    }
    await until(() => front.reports.length === 2, "the reports");
    assert.deepEqual(
      front.reports.map(({ ending }) => ending),
      [{ how: "reset", by: "client" }, { how: "closed" }],
    );
  });
}

test("a client that goes while one of very many requests is answered is noticed", async () => {
  const asked: net.Socket[] = [];
  await using service = await startService((socket) => asked.push(socket));
  await using front = await startFront("relay", { "shop.test": service.port });
  const { socket, answers } = await dial(front.port);
  socket.write(`${get}\r\n`);
  await until(() => asked.length === 1, "the first arrives");
  const wide = `${get}X-Wide: ${"a".repeat(8000)}\r\n\r\n`;
  for (let count = 0; count < 9; count++) socket.write(wide);
  const [client] = front.clients;
  await until(() => client?.socket.isPaused() ?? false, "no more of them is read");
  socket.write(`${get}\r\n`);
  await until(() => (client?.socket.readableLength ?? 0) > 0, "one more waits outside");
  for (let count = 1; count <= 9; count++) {
    asked[count - 1]?.write(ok);
    await until(() => answers().length === count && asked.length === count + 1, "the next arrives");
  }
  assert.equal(front.handedOver, 0);
  socket.destroy();
  await until(() => service.sockets.size === 0, "the service's connection ends");
});

test("a client that ends and has not read what it was answered so far does not hold its service", async () => {
  let written = 0;
  await using service = await startService((socket) => {
    const write = () => {
      written += 65_536;
      if (socket.write(Buffer.alloc(65_536))) setImmediate(write);
      else socket.once("drain", write);
    };
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
    write();
  });
  await using front = await startFront("relay", { "shop.test": service.port });
  const { socket } = await dial(front.port);
  socket.pause();
  socket.write(`${get}\r\n`);
  for (let before = -1; written === 0 || before < written; await wait(100)) before = written;
  socket.end();
  await until(() => service.sockets.size === 0, "the service's connection ends");
  socket.destroy();
});

for (const [server, kind, te] of [
  ["the relay", "relay", ""],
  ["Node's server behind the relay", "relay", "TE: trailers\r\n"],
  ["Node's server", "node", ""],
] as const) {
  test(`${server}: a connection that is silent for too long is closed, unless its client waits for an answer`, async (context) => {
    const watched = new Set<net.Socket>();
    context.mock.method(net.Socket.prototype, "setTimeout", function (this: net.Socket, after: number) {
      if (after >= 65_000) watched.add(this);
      return this;
    });
    const asked: net.Socket[] = [];
    await using service = await startService((socket) => asked.push(socket));
    await using front = await startFront(kind, { "shop.test": service.port });
    const { socket, answers } = await dial(front.port);
    // As Node does when its clock has run out.
    const goesBy = () => {
      assert.equal(watched.size, 1);
      for (const silent of watched) silent.emit("timeout");
    };
    socket.write(`${get}${te}\r\n`);
    await until(() => asked.length === 1, "the service is asked");
    goesBy();
    asked[0]?.write(ok);
    await until(() => answers().length === 1, "the answer");
    goesBy();
    await until(() => socket.closed, "the end");
  });
}

test("while the mux drains, an answer is finished, a request behind it is the last, and idle connections end", async () => {
  const heard: string[] = [];
  await using service = await startService((socket, said) => {
    heard.push(said);
    if (said.includes("/idle")) socket.write(ok);
  });
  await using front = await startFront("relay", { "shop.test": service.port });
  const busy = await dial(front.port);
  const idle = await dial(front.port);
  idle.socket.write("GET /idle HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  await until(() => idle.answers().length === 1, "one is idle");
  busy.socket.write("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 3\r\n\r\na");
  await until(() => heard.length === 2, "the other is not");
  busy.socket.write(`bc${get}\r\n`);
  await until(() => heard[2] === "bc", "and has another request behind the first");
  front.drain();
  await until(() => idle.socket.closed, "the idle one ends");
  for (const socket of service.sockets) socket.write(ok);
  await until(() => heard[3]?.startsWith("GET / ") ?? false, "the second request arrives");
  for (const socket of service.sockets) socket.write(ok);
  await until(() => busy.socket.closed, "the busy one ends behind its last answer");
  assert.deepEqual(
    busy.answers().map(({ headers }) => headers.includes("Connection: close")),
    [false, true],
  );
  await until(() => service.sockets.size === 0, "the connections to the service end");
});

test("a connection is told once, with the requests it carried; a refusal in between is told by itself", async () => {
  await using service = await recordRequests();
  await using front = await startFront("relay", {
    "shop.test": service.port,
    "dead.test": "http://127.0.0.1:1",
  });
  const { socket, answers } = await dial(front.port);
  const page = "GET / HTTP/1.1\r\nHost: dead.test\r\nAccept: text/html\r\n\r\n";
  for (const [at, request] of [`${get}\r\n`, `${get}\r\n`, page, `${get}\r\n`].entries()) {
    socket.write(request);
    await until(() => answers().length === at + 1, "an answer");
  }
  socket.destroy();
  await until(() => front.reports.length === 3, "the reports");
  assert.deepEqual(
    front.reports.map(({ route, requests, ending }) => [route, requests, ending.how]),
    [
      ["shop.test", 2, "closed"],
      ["dead.test", 1, "refused"],
      ["shop.test", 1, "closed"],
    ],
  );
  assert.deepEqual(
    answers().map(({ line }) => statusOf(line)),
    [200, 200, 502, 200],
  );
  assert.equal(front.handedOver, 0);
});
