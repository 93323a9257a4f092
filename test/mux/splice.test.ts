import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { PassThrough } from "node:stream";
import { describe, it } from "node:test";
import { ok } from "../../src/core/errors.ts";
import { Client } from "../../src/mux/client.ts";
import { Dialling } from "../../src/mux/service.ts";
import { copy, splice } from "../../src/mux/splice.ts";
import { serveStream } from "../../src/mux/stream.ts";
import { connect, connectTls, greeting, outcome, read, turn, ways } from "./streams.ts";
import { startMux, startTcp } from "./support.ts";

for (const way of ways) {
  describe(`A stream (${way.title})`, () => {
    it("goes on from the service to a client that has ended", async () => {
      await using service = await way.start((socket) => {
        let heard = 0;
        socket.on("data", (chunk) => {
          heard += chunk.length;
        });
        socket.on("end", () => {
          socket.write(`heard ${heard}`);
          setImmediate(() => socket.end(", bye"));
        });
      });
      await using mux = await startMux(way.target(service.port));
      const { client } = await way.connect(mux);
      client.end(greeting);
      const { bytes, error } = await outcome(client);
      assert.equal(String(bytes), `heard ${greeting.length}, bye`);
      assert.equal(error, undefined);
      assert.deepEqual((await mux.report(() => true)).ending, { how: "closed" });
    });

    it("goes on from the client to a service that has ended", async () => {
      const heard = Promise.withResolvers<string>();
      await using service = await way.start((socket) => {
        socket.once("data", () => {
          socket.end("that is all");
          void outcome(socket).then(({ bytes }) => heard.resolve(String(bytes)));
        });
      });
      await using mux = await startMux(way.target(service.port));
      const { client } = await way.connect(mux);
      client.write(greeting);
      assert.equal(String(await read(client, 11)), "that is all");
      client.read();
      await once(client, "end");
      client.write("but I ");
      setImmediate(() => client.end("go on"));
      assert.equal(await heard.promise, "but I go on");
      client.resume();
      assert.deepEqual((await mux.report(() => true)).ending, { how: "closed" });
    });

    it("is reset at the service when the client resets it, in the midst of it", async () => {
      const { service, served } = await startTalking(way.start);
      await using _service = service;
      await using mux = await startMux(way.target(service.port));
      const { client, raw } = await way.connect(mux);
      client.on("error", () => undefined);
      client.write(greeting);
      const { socket, broken } = await served;
      await read(client, 5);
      raw.resetAndDestroy();
      assert.equal((await broken).error, "ECONNRESET");
      assert.equal(socket.destroyed, true);
      assert.deepEqual((await mux.report(() => true)).ending, { how: "reset", by: "client" });
    });

    it("is reset at the client when the service resets it, in the midst of it", async () => {
      const { service, served } = await startTalking(way.start);
      await using _service = service;
      await using mux = await startMux(way.target(service.port));
      const { client } = await way.connect(mux);
      client.write(greeting);
      await served;
      await read(client, 5);
      const broken = outcome(client);
      for (const raw of service.sockets) raw.resetAndDestroy();
      assert.equal((await broken).error, "ECONNRESET");
      assert.deepEqual((await mux.report(() => true)).ending, { how: "reset", by: "target" });
    });

    it("is reset when the service hangs up and the client talks on", async () => {
      await using service = await way.start((socket) => {
        socket.once("data", () => {
          socket.end("bye");
          socket.once("finish", () => socket.destroy());
        });
      });
      await using mux = await startMux(way.target(service.port));
      const { client } = await way.connect(mux);
      client.write(greeting);
      assert.equal(String(await read(client, 3)), "bye");
      const broken = once(client, "close");
      client.on("error", () => undefined);
      client.resume();
      const talk = setInterval(() => client.write("anybody there?"), 5);
      await assert.rejects(broken, { code: /^(ECONNRESET|EPIPE)$/ });
      clearInterval(talk);
      assert.deepEqual((await mux.report(() => true)).ending, { how: "reset", by: "target" });
    });
  });
}

/** A service that says "hello" and then waits; `served` is its first connection, and what becomes of that. */
async function startTalking(start: (onSocket: (socket: net.Socket) => void) => ReturnType<typeof startTcp>) {
  const served = Promise.withResolvers<{ socket: net.Socket; broken: ReturnType<typeof outcome> }>();
  const service = await start((socket) => {
    const broken = outcome(socket);
    socket.once("data", () => {
      socket.write("hello");
      served.resolve({ socket, broken });
    });
  });
  return { service, served: served.promise };
}

describe("A stream with TLS ended here", () => {
  it("is over for both sides when a service has ended and TLS 1.2 knows no half-open connections", async () => {
    await using service = await startTcp((socket) => {
      socket.resume();
      socket.end("bye");
    });
    await using mux = await startMux({ "db.test": `tcp://127.0.0.1:${service.port}` });
    const client = await connectTls(mux, "db.test", {
      socket: await connect(mux.port),
      maxVersion: "TLSv1.2",
    });
    client.once("end", () => client.end());
    assert.deepEqual(await outcome(client), { bytes: Buffer.from("bye"), error: undefined });
    assert.deepEqual((await mux.report(() => true)).ending, { how: "closed" });
  });
});

describe("A service that is killed in the midst of a stream", () => {
  it("takes its client's connection with it, which is told in a report", async () => {
    const program = `
      const server = require("node:net").createServer((socket) => {
        const chunk = Buffer.alloc(65536, "x");
        const fill = () => { while (socket.write(chunk)); };
        socket.on("drain", fill);
        fill();
      });
      server.listen(0, "127.0.0.1", () => console.log(server.address().port));
    `;
    const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
    const exited = once(child, "exit");
    const port = Number(String((await once(child.stdout, "data"))[0]));
    await using mux = await startMux({ "db.test": `tcp://127.0.0.1:${port}` });
    const client = await connectTls(mux, "db.test");
    await read(client, 1_000_000);
    const over = outcome(client);
    client.once("end", () => client.end());
    child.kill("SIGKILL");
    await exited;
    await over;
    const { ending, sent, target } = await mux.report(() => true);
    assert.match(ending.how, /^(closed|reset)$/);
    assert.equal(target, `tcp://127.0.0.1:${port}`);
    assert.ok(sent > 1_000_000);
  });
});

describe("A copy", () => {
  it("stops whoever says little at a time as well while nobody takes it, and loses nothing", async () => {
    const from = new PassThrough();
    const to = new PassThrough({ highWaterMark: 8 });
    copy(from, to);
    from.write("a few words ");
    await turn();
    assert.ok(from.isPaused());
    from.end("and some more");
    assert.equal(
      String(Buffer.concat([to.read(), (await once(to, "data"))[0]])),
      "a few words and some more",
    );
  });
});

describe("The last end of a splice", () => {
  it("comes after all that was written before it, however slowly that is read", async () => {
    await using left = await connected();
    await using right = await connected();
    const bytes = Buffer.alloc(8_000_000, "all of it ");
    left.near.write(bytes);
    splice({ stream: left.near, raw: left.near }, { stream: right.near, raw: right.near }, assert.fail);
    left.far.end();
    await once(left.near, "end");
    right.far.end();
    await once(right.near, "end");
    assert.ok(left.near.writableLength > 0);
    const received = await outcome(left.far);
    assert.equal(received.error, undefined);
    assert.equal(received.bytes.length, bytes.length);
  });
});

describe("An end of a splice that is over", () => {
  it("leaves what is still on its way to the other one", async () => {
    await using left = await connected();
    await using right = await connected();
    const bytes = Buffer.alloc(8_000_000, "all of it ");
    right.near.write(bytes);
    splice({ stream: left.near, raw: left.near }, { stream: right.near, raw: right.near }, assert.fail);
    const closed = once(left.near, "close");
    left.far.end();
    right.far.end();
    await closed;
    assert.ok(right.near.writableLength > 0);
    const received = await outcome(right.far);
    assert.equal(received.error, undefined);
    assert.equal(received.bytes.length, bytes.length);
  });

  it("leaves what is still on its way to the service, though the client is gone", async () => {
    await using left = await connected();
    await using right = await connected();
    const bytes = Buffer.alloc(8_000_000, "all of it ");
    right.near.write(bytes);
    const closed = Promise.withResolvers<unknown>();
    const client = new Client(left.near, "127.0.0.1", { report: () => undefined, onClosed: closed.resolve });
    const target = { scheme: "tcp", host: "127.0.0.1", port: 1, path: "" } as const;
    const end = { stream: right.near, raw: right.near };
    const dialling = new Dialling(client, async () => ok({ end, target, heard: async () => undefined }));
    await serveStream(client, dialling, () => ({ stream: left.near, raw: left.near }));
    left.far.resume().end();
    right.far.end();
    await closed.promise;
    assert.ok(right.near.writableLength > 0);
    const received = await outcome(right.far);
    assert.equal(received.error, undefined);
    assert.equal(received.bytes.length, bytes.length);
  });
});

describe("A splice that is over", () => {
  it("leaves nobody who listens to either stream, and no error without a hearer", async () => {
    await using left = await connected();
    await using right = await connected();
    const [one, other] = [left.near, right.near];
    const closed = Promise.all([once(one, "close"), once(other, "close")]);
    splice({ stream: one, raw: one }, { stream: other, raw: other }, assert.fail);
    left.far.end("all");
    assert.equal(String((await outcome(right.far)).bytes), "all");
    right.far.end();
    await closed;
    assert.deepEqual([one.eventNames(), other.eventNames()], [["error"], ["error"]]);
  });
});

/** Both ends of a connection; each may end while the other goes on. */
async function connected() {
  const accepted = Promise.withResolvers<net.Socket>();
  const service = await startTcp((socket) => accepted.resolve(socket));
  const far = net.connect({ port: service.port, host: "127.0.0.1", allowHalfOpen: true });
  const near = await accepted.promise;
  return {
    near,
    far,
    async [Symbol.asyncDispose]() {
      far.destroy();
      await service[Symbol.asyncDispose]();
    },
  };
}
