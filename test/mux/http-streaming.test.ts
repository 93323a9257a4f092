/** Bodies go through as they come, in both directions, and no faster than they are read. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import http2 from "node:http2";
import net from "node:net";
import { Duplex, PassThrough } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { connectBy, digestStuttering, largeBody, until, ways, whole } from "./http-support.ts";
import { startHttp, startMux } from "./support.ts";

const large = 48 * 1024 * 1024;
/** More than twice what lies in the buffers of the machine on the way: Linux lets each of two grow to 20 MB. */
const tooMuch = 96 * 1024 * 1024;

for (const way of ways) {
  test(`${way}: events arrive one by one, and the head before the first of them`, async () => {
    let emit = (_event: string): unknown => assert.fail("nobody listens yet");
    await using service = await startHttp((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
      emit = (event) => response.write(event);
    });
    await using mux = await startMux({ "live.test": service.port });
    await using client = connectBy(way, mux, "live.test");

    const { status, headers, body } = await client.send().answer;
    assert.equal(status, 200);
    assert.equal(headers["content-type"], "text/event-stream");
    for (const event of ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"]) {
      emit(event);
      const [chunk] = await once(body, "data");
      assert.equal(String(chunk), event);
    }
  });

  test(`${way}: what a client sends piece by piece arrives piece by piece, and is answered so`, async () => {
    await using service = await startHttp((request, response) => {
      response.flushHeaders();
      request.on("data", (chunk) => response.write(String(chunk).toUpperCase()));
      request.on("end", () => response.end("."));
    });
    await using mux = await startMux({ "live.test": service.port });
    await using client = connectBy(way, mux, "live.test");

    const sending = client.send({ method: "POST", body: "open" });
    const { body } = await sending.answer;
    for (const piece of ["one", "two", "three"]) {
      sending.body.write(piece);
      const [chunk] = await once(body, "data");
      assert.equal(String(chunk), piece.toUpperCase());
    }
    sending.body.end();
    assert.equal(await text(body), ".");
  });

  for (const framing of ["of known length", "of unknown length"]) {
    test(`${way}: 48 MB ${framing} go up and come back unharmed through a stuttering reader`, async () => {
      await using service = await startHttp((request, response) => {
        const length = request.headers["content-length"];
        if (length !== undefined) response.setHeader("content-length", length);
        request.pipe(response);
      });
      await using mux = await startMux({ "echo.test": service.port });
      await using client = connectBy(way, mux, "echo.test");

      const { stream, digest } = largeBody(large);
      const headers = framing === "of known length" ? { "content-length": String(large) } : {};
      const sending = client.send({ method: "POST", body: "open", headers });
      stream.pipe(sending.body);
      const { headers: answered, body } = await sending.answer;
      assert.equal(answered["content-length"], framing === "of known length" ? String(large) : undefined);
      assert.equal(await digestStuttering(body), digest);
    });
  }

  test(`${way}: a service that does not read stalls the upload, until it reads`, async () => {
    const { promise: reading, resolve: read } = Promise.withResolvers<void>();
    await using service = await startHttp((request, response) => {
      void reading.then(() => buffer(request)).then((bytes) => response.end(String(bytes.length)));
    });
    await using mux = await startMux({ "slow.test": service.port });
    await using client = connectBy(way, mux, "slow.test");

    const sending = client.send({ method: "POST", body: "open" });
    const { stream } = largeBody(tooMuch);
    let taken = 0;
    stream.on("data", (chunk) => {
      taken += chunk.length;
    });
    stream.pipe(sending.body);
    await settled(() => taken);
    assert.ok(taken < tooMuch / 2, `${taken} bytes were taken while nobody read`);
    read();
    assert.equal((await whole(sending)).text, String(tooMuch));
  });

  test(`${way}: a client that does not read stalls the service, until it reads`, async () => {
    let given = 0;
    await using service = await startHttp((_request, response) => {
      const { stream } = largeBody(tooMuch);
      stream.on("data", (chunk) => {
        given += chunk.length;
      });
      stream.pipe(response);
    });
    await using mux = await startMux({ "slow.test": service.port });
    await using client = connectBy(way, mux, "slow.test");

    const { body } = await client.send().answer;
    await settled(() => given);
    assert.ok(given < tooMuch / 2, `${given} bytes were given while nobody read`);
    assert.equal(await digestStuttering(body), largeBody(tooMuch).digest);
  });

  test(`${way}: an answer may come, whole, before the request's body was read`, async () => {
    await using service = await startHttp((request, response) => {
      response.end("early");
      request.resume();
    });
    await using mux = await startMux({ "early.test": service.port });
    await using client = connectBy(way, mux, "early.test");
    const sending = client.send({ method: "POST", body: "open" });
    sending.body.write("some");
    assert.equal((await whole(sending)).text, "early");
    sending.body.end("more");
  });

  test(`${way}: a stream that says nothing for a while goes on afterwards`, async () => {
    await using service = await startHttp((_request, response) => {
      response.write("before ");
      setTimeout(() => response.end("after"), 400);
    });
    await using mux = await startMux({ "idle.test": service.port });
    await using client = connectBy(way, mux, "idle.test");
    assert.equal((await whole(client.send())).text, "before after");
  });
}

test("hundreds of answers that an HTTP/2 client takes only later come whole, all on one connection", async () => {
  const body = "x".repeat(300_000);
  await using service = await startHttp((_request, response) => response.end(body));
  await using mux = await startMux({ "shop.test": service.port });
  await using client = connectBy("HTTP/2 over TLS", mux, "shop.test");
  const ask = (count: number) => Promise.all(Array.from({ length: count }, () => client.send().answer));
  const first = await ask(200);
  await settled(() => [...service.sockets].reduce((sum, { bytesWritten }) => sum + bytesWritten, 0));
  const answers = [...first, ...(await ask(50))];
  const bodies = await Promise.all(answers.map((answer) => text(answer.body)));
  assert.deepEqual(
    bodies.filter((each) => each !== body),
    [],
  );
});

test("several streams on one HTTP/2 connection do not wait for one that nobody reads", async () => {
  await using service = await startHttp((request, response) => {
    if (request.url === "/large") largeBody(large).stream.pipe(response);
    else response.end("small");
  });
  await using mux = await startMux({ "multi.test": service.port });
  await using client = connectBy("HTTP/2 over TLS", mux, "multi.test");
  const { status } = await client.send({ path: "/large" }).answer;
  assert.equal(status, 200);
  for (let count = 0; count < 5; count++) assert.equal((await whole(client.send())).text, "small");
});

test("a client of HTTP/2 that is killed in the midst of a download it has not read is let go, and so is its service", async () => {
  await using service = await startHttp((_request, response) => {
    largeBody(tooMuch).stream.pipe(response);
  });
  await using mux = await startMux({ "large.test": service.port });
  const client = spawn(
    "curl",
    ["-qsk", "--http2", "--connect-to", `::127.0.0.1:${mux.port}`, "https://large.test/"],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  await settled(() => [...service.sockets].reduce((sum, { bytesWritten }) => sum + bytesWritten, 0));
  client.kill("SIGKILL");
  const { ending } = await mux.report(() => true);
  assert.deepEqual(ending, { how: "reset", by: "client" });
  await until(() => service.sockets.size === 0, "the service's connection ends");
});

/** Fulfilled when a count has grown and then stood still for a fifth of a second. */
async function settled(count: () => number): Promise<void> {
  await until(() => count() > 0, "the first bytes go");
  for (let before = -1; before !== count(); ) {
    before = count();
    await wait(200);
  }
}

test("HTTP/2: a client may send a megabyte before it hears that any of it has arrived", async () => {
  const megabyte = Buffer.alloc(1024 * 1024);
  let received = 0;
  await using service = await startHttp((request, response) => {
    request.on("data", (chunk) => {
      received += chunk.length;
    });
    request.on("end", () => response.end());
  });
  await using mux = await startMux({ "far.test": service.port });
  const socket = net.connect(mux.port, "127.0.0.1");
  const heard = socket.pipe(new PassThrough());
  const session = http2.connect("http://far.test", {
    createConnection: () => Duplex.from({ readable: heard, writable: socket }),
  });
  session.on("error", () => undefined);

  await text(session.request({ ":path": "/" }));
  socket.unpipe(heard);
  const upload = session.request({ ":method": "POST", ":path": "/" });
  upload.on("error", () => undefined);
  upload.end(megabyte);
  await until(() => received === megabyte.length, "all of it is there");
  session.destroy();
});
