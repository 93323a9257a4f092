/** HTTP/2 requests that are relayed: which are, and what becomes of both sides when one of them stalls or goes. */
import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import net from "node:net";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { digestStuttering, largeBody, text, until } from "./http-support.ts";
import { recordRequests } from "./raw-service.ts";
import { startFront } from "./relay-fronts.ts";
import { startHttp, startTcp } from "./support.ts";

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** A front with one route, and a client on one connection. */
async function connect(port: number) {
  const front = await startFront(
    "relay",
    { "shop.test": `http://127.0.0.1:${port}`, "dead.test": "http://127.0.0.1:1" },
    "HTTP/2",
  );
  const session = http2.connect(`http://127.0.0.1:${front.port}`);
  session.on("error", () => undefined);
  return {
    front,
    request(path = "/", headers: http2.OutgoingHttpHeaders = {}, { endStream = true } = {}) {
      const stream = session.request({ ":path": path, ":authority": "shop.test", ...headers }, { endStream });
      stream.on("error", () => undefined);
      return stream;
    },
    async [Symbol.asyncDispose]() {
      session.destroy();
      await front[Symbol.asyncDispose]();
    },
  };
}

/** Answers each request on a connection with the next of `answers`, again and again; a function does it by itself. */
function startService(...answers: (string | ((socket: net.Socket) => void))[]) {
  let asked = 0;
  return startTcp((socket) => {
    socket.on("data", () => {
      const answer = answers[asked++ % answers.length] ?? "";
      if (typeof answer === "string") socket.write(answer, "latin1");
      else answer(socket);
    });
    socket.on("end", () => socket.end());
  });
}

/** The head and the body of an answer, and how its stream ended. */
async function whole(stream: http2.ClientHttp2Stream) {
  let head: http2.IncomingHttpHeaders = {};
  let trailers: http2.IncomingHttpHeaders = {};
  let body = "";
  stream.on("response", (said) => {
    head = said;
  });
  stream.on("trailers", (said) => {
    trailers = { ...said };
  });
  stream.on("data", (chunk: Buffer) => {
    body += chunk.toString("latin1");
  });
  await new Promise((resolve) => stream.once("close", resolve));
  return { status: head[":status"], head, body, trailers: Object.entries(trailers), code: stream.rstCode };
}

for (const [what, headers, status] of [
  ["that takes trailers", { te: "trailers" }, 200],
  ["with an expectation", { expect: "100-continue" }, 200],
  ["that announces trailers", { trailer: "x-sum" }, 200],
  ["for nobody", { ":authority": "nobody.test" }, 404],
] as const) {
  test(`a request of HTTP/2 ${what} is not relayed, and answered all the same`, async () => {
    await using service = await recordRequests();
    await using client = await connect(service.port);
    assert.equal((await whole(client.request())).body, "ok");
    assert.equal(client.front.handedOver, 0);
    assert.equal((await whole(client.request("/", headers))).status, status);
    assert.equal(client.front.handedOver, 1);
  });
}

test("requests of HTTP/2 one after the other share a connection to the service, and are told in one report", async () => {
  await using service = await recordRequests();
  const client = await connect(service.port);
  for (const method of ["GET", "DELETE", "POST", "OPTIONS", "LIST"]) {
    assert.equal((await whole(client.request("/", { ":method": method }))).body, "ok");
  }
  assert.equal(service.received.length, 1);
  assert.deepEqual(
    service.requests.map(({ valuesOf }) => valuesOf("content-length").join()),
    ["", "", "0", "", "0"],
  );
  assert.equal(client.front.handedOver, 0);
  await client[Symbol.asyncDispose]();
  await until(() => client.front.reports.length === 1, "the report");
  const [report] = client.front.reports;
  assert.deepEqual([report?.route, report?.requests, report?.ending.how], ["shop.test", 5, "closed"]);
});

test("a client that resets its stream ends the service's connection at once, and no other stream", async () => {
  const asked: net.Socket[] = [];
  await using service = await startService((socket) => asked.push(socket));
  await using client = await connect(service.port);
  const silent = client.request("/silent");
  const begun = client.request("/begun");
  const other = client.request("/other");
  await until(() => asked.length === 3, "all are asked");
  for (const socket of asked) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbeg");
  const answer = whole(other);
  begun.resume();
  await new Promise((resolve) => begun.once("response", resolve));
  silent.close(http2.constants.NGHTTP2_CANCEL);
  begun.close(http2.constants.NGHTTP2_CANCEL);
  await until(() => service.sockets.size === 1, "two connections end");
  for (const socket of service.sockets) socket.write("un-end");
  assert.equal((await answer).body, "begun-end");
});

const { NGHTTP2_NO_ERROR, NGHTTP2_INTERNAL_ERROR, NGHTTP2_CANCEL } = http2.constants;

for (const [te, length] of [
  [undefined, undefined],
  [undefined, "9"],
  ["trailers", undefined],
] as const) {
  for (const code of [NGHTTP2_NO_ERROR, NGHTTP2_INTERNAL_ERROR, NGHTTP2_CANCEL]) {
    const what = `${length === undefined ? "in chunks" : "of known length"}${te ? " that is not relayed" : ""}`;
    test(`an upload ${what} that its client resets with ${code} is no whole one to the service`, async () => {
      await using service = await recordRequests();
      await using client = await connect(service.port);
      using socket = sendUpload(client.front.port, length, te);
      await until(() => service.received[0]?.includes("half") ?? false, "half of it arrives");
      // In frames: Node's own client would end the request before it resets the stream.
      socket.write(frame(3, 0, 1, Buffer.of(0, 0, 0, code)));
      await until(() => service.sockets.size === 0, "the connection ends");
      assert.doesNotMatch(service.received[0] ?? "", /\r\n0\r\n/);
      assert.equal(client.front.handedOver, te ? 1 : 0);
    });
  }
}

/** RFC 9113: a connection with half a request on its first stream. */
function sendUpload(
  port: number,
  length: string | undefined,
  te: string | undefined,
): net.Socket & Disposable {
  const socket = net.connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.resume();
  // RFC 7541: POST, http and / have numbers, the others are written out.
  const fields = [Buffer.of(0x83, 0x86, 0x84, 0x01), string("shop.test")];
  if (length !== undefined) fields.push(Buffer.of(0x00), string("content-length"), string(length));
  if (te !== undefined) fields.push(Buffer.of(0x00), string("te"), string(te));
  socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  const settings = frame(4, 0, 0, Buffer.alloc(0));
  const head = frame(1, 0x4, 1, Buffer.concat(fields));
  socket.write(Buffer.concat([settings, head, frame(0, 0, 1, Buffer.from("half"))]));
  return Object.assign(socket, { [Symbol.dispose]: () => void socket.destroy() });
}

function string(value: string): Buffer {
  return Buffer.concat([Buffer.of(value.length), Buffer.from(value)]);
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.of(0, 0, payload.length, type, flags, 0, 0, 0, stream), payload]);
}

test("an answer to half an upload goes out, and the rest of the upload is read", async () => {
  await using service = await startService("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno");
  await using client = await connect(service.port);
  const stream = client.request("/", { ":method": "POST" }, { endStream: false });
  stream.write(Buffer.from("half"));
  const answer = await whole(stream);
  assert.deepEqual([answer.status, answer.body, answer.code], [404, "no", 0]);
  await until(() => service.sockets.size === 0, "the service is not left with half a request");
});

test("a service that refuses an upload and will close is sent no more of it", async () => {
  let heard = "";
  await using service = await startTcp((socket) => {
    socket.on("data", (chunk) => {
      heard += chunk;
      socket.write("HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    });
    socket.on("end", () => socket.end());
  });
  await using client = await connect(service.port);
  const stream = client.request("/", { ":method": "POST" }, { endStream: false });
  stream.write("half");
  await once(stream, "response");
  stream.resume().end("rest");
  await until(() => stream.closed && service.sockets.size === 0, "both end");
  assert.doesNotMatch(heard, /rest/);
});

for (const te of [undefined, "trailers"]) {
  test(`an upload${te ? " that is not relayed" : ""} that its client resets behind its answer is no whole one`, async () => {
    let heard = "";
    await using service = await startTcp((socket) => {
      socket.once("data", () => socket.write(ok));
      socket.on("data", (chunk) => {
        heard += chunk;
      });
      socket.on("end", () => socket.end());
    });
    await using client = await connect(service.port);
    using socket = sendUpload(client.front.port, undefined, te);
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
    });
    await until(() => answer.includes("ok") && heard.includes("half"), "it is answered");
    socket.write(frame(3, 0, 1, Buffer.of(0, 0, 0, NGHTTP2_CANCEL)));
    await until(() => service.sockets.size === 0, "the connection ends");
    assert.doesNotMatch(heard, /\r\n0\r\n/);
  });
}

for (const [what, said, how] of [
  ["of known length ends", "Content-Length: 9\r\n\r\nhalf", "end"],
  ["of known length resets", "Content-Length: 9\r\n\r\nhalf", "resetAndDestroy"],
  ["in chunks ends", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", "end"],
  ["that its end delimits resets", "\r\nhalf", "resetAndDestroy"],
] as const) {
  test(`a service that in an answer ${what} breaks that stream off, and no other one`, async () => {
    const asked: net.Socket[] = [];
    await using service = await startService((socket) => asked.push(socket));
    await using client = await connect(service.port);
    const [broken, other] = [client.request(), client.request()];
    const answers = Promise.all([whole(broken), whole(other)]);
    await until(() => asked.length === 2, "both are asked");
    asked[0]?.write(`HTTP/1.1 200 OK\r\n${said}`);
    const isFirst = await Promise.race([
      new Promise<boolean>((resolve) => broken.once("data", () => resolve(true))),
      new Promise<boolean>((resolve) => other.once("data", () => resolve(false))),
    ]);
    asked[0]?.[how]();
    asked[1]?.write(ok);
    const [first, second] = await answers;
    const [cut, good] = isFirst ? [first, second] : [second, first];
    assert.deepEqual([cut.status, cut.body, cut.code], [200, "half", http2.constants.NGHTTP2_INTERNAL_ERROR]);
    assert.deepEqual([good.body, good.code], ["ok", 0]);
  });
}

test("a kept connection that has died is replaced for what may be sent twice, and for nothing else", async () => {
  const dies = (socket: net.Socket) => socket.resetAndDestroy();
  await using service = await startService(ok, dies, ok, dies, ok);
  await using client = await connect(service.port);
  assert.equal((await whole(client.request())).body, "ok");
  assert.equal((await whole(client.request())).body, "ok", "the second try");
  const post = await whole(client.request("/", { ":method": "POST" }));
  assert.deepEqual([post.status, post.head["oneport-refusal"]], [502, "target-broke-off"]);
  assert.equal((await whole(client.request())).body, "ok");
});

test("a stream that is not read stalls its service, and neither the streams beside it nor their connection", async () => {
  const size = 16 * 1024 * 1024;
  let written = 0;
  await using service = await startHttp((request, response) => {
    if (request.url !== "/slow") return void response.end("fast");
    const write = () => {
      while (written < size) {
        written += 65_536;
        if (!response.write(Buffer.alloc(65_536, "s"))) return void response.once("drain", write);
      }
      response.end();
    };
    write();
  });
  await using client = await connect(service.port);
  const slow = client.request("/slow");
  await until(() => written > 0, "it is asked");
  for (let before = -1; before < written; await wait(100)) before = written;
  assert.ok(written < size, "it stands still");
  for (let count = 0; count < 20; count++) {
    assert.equal((await whole(client.request())).body, "fast");
  }
  assert.equal((await text(slow)).length, size);
});

for (const framing of ["of known length", "in chunks", "that its end delimits"] as const) {
  test(`a body of 48 MB ${framing} reaches a stuttering reader whole`, async () => {
    const size = 48 * 1024 * 1024;
    const { stream: body, digest } = largeBody(size);
    await using service = await startHttp((_request, response) => {
      if (framing === "of known length") response.setHeader("Content-Length", size);
      response.useChunkedEncodingByDefault = framing === "in chunks";
      body.pipe(response);
    });
    await using client = await connect(service.port);
    assert.equal(await digestStuttering(client.request()), digest);
    assert.equal(client.front.handedOver, 0);
  });
}

test("what a service says beyond its answer reaches nobody, and its connection is not used again", async () => {
  let connections = 0;
  await using service = await startTcp((socket) => {
    connections++;
    socket.on("data", () => socket.write(`${ok}HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray`));
    socket.on("end", () => socket.end());
  });
  await using client = await connect(service.port);
  for (let count = 0; count < 3; count++) assert.equal((await whole(client.request())).body, "ok");
  assert.equal(connections, 3);
});

test("trailers that the answer announced come down with it, and others do not", async () => {
  const chunks =
    "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 6\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n";
  await using service = await startService(
    `HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\n${chunks}`,
    `HTTP/1.1 200 OK\r\n${chunks}`,
  );
  await using client = await connect(service.port);
  const announced = await whole(client.request());
  assert.deepEqual([announced.body, announced.trailers], ["ok", [["x-sum", "6"]]]);
  const others = await whole(client.request());
  assert.deepEqual([others.body, others.trailers], ["ok", []]);
  assert.equal(client.front.handedOver, 0);
});

test("an answer that HTTP/2 cannot say is a 502, and one whose status allows no body has none", async () => {
  await using service = await startService(
    "HTTP/1.1 600 Odd\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 205 Reset Content\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ok,
  );
  await using client = await connect(service.port);
  assert.equal((await whole(client.request())).head["oneport-refusal"], "target-broke-off");
  const reset = await whole(client.request());
  assert.deepEqual([reset.status, reset.body, reset.code], [205, "", 0]);
  assert.equal((await whole(client.request())).body, "ok");
});

test("a service that is not up is a page, and the other streams go on", async () => {
  await using service = await startService(ok);
  await using client = await connect(service.port);
  const page = { accept: "text/html", ":authority": "dead.test" };
  const [down, up] = await Promise.all([whole(client.request("/", page)), whole(client.request())]);
  assert.deepEqual([down.status, down.head["oneport-refusal"]], [502, "target-down"]);
  assert.equal(up.body, "ok");
  assert.equal(client.front.handedOver, 0);
});
