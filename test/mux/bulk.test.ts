import assert from "node:assert/strict";
import type { Duplex } from "node:stream";
import { describe, it } from "node:test";
import { greeting, payload, stutter, turn, ways } from "./streams.ts";
import { startMux } from "./support.ts";

const megabyte = 1024 * 1024;

describe("A stream", () => {
  for (const way of ways) {
    it(`brings 48 MB there and back unchanged to a reader that stutters (${way.title})`, async () => {
      await using service = await way.start((socket) => socket.pipe(socket));
      await using mux = await startMux(way.target(service.port));
      const { client } = await way.connect(mux);
      const { stream, hash } = payload(48 * megabyte);
      hash.update(greeting);
      client.write(greeting);
      stream.pipe(client);
      const { length, digest } = await stutter(client, 1_000_003);
      assert.equal(length, 48 * megabyte + greeting.length);
      assert.equal(digest, hash.digest("hex"));
    });

    it(`carries both directions at once, each its own bytes (${way.title})`, async () => {
      const down = payload(8 * megabyte, 1);
      const up = payload(8 * megabyte, 2);
      const heard = Promise.withResolvers<{ readonly digest: string }>();
      await using service = await way.start((socket) => {
        down.stream.pipe(socket);
        stutter(socket, 777_777).then(heard.resolve, heard.reject);
      });
      await using mux = await startMux(way.target(service.port));
      const { client } = await way.connect(mux);
      up.hash.update(greeting);
      client.write(greeting);
      up.stream.pipe(client);
      const { digest } = await stutter(client, 555_555);
      assert.equal(digest, down.hash.digest("hex"));
      assert.equal((await heard.promise).digest, up.hash.digest("hex"));
    });

    it(`stalls its writer while nobody reads, and goes on when somebody does (${way.title})`, async () => {
      const writing = Promise.withResolvers<Writing>();
      await using service = await way.start((socket) => {
        socket.resume();
        writing.resolve(writeForever(socket));
      });
      await using mux = await startMux(way.target(service.port));
      const { client } = await way.connect(mux);
      client.write(greeting);
      await checkStall(await writing.promise, client);
    });

    it(`stalls a client whose service does not read (${way.title})`, async () => {
      const opened = Promise.withResolvers<Duplex>();
      await using service = await way.start((socket) => opened.resolve(socket.pause()));
      await using mux = await startMux(way.target(service.port));
      const { client } = await way.connect(mux);
      client.resume();
      client.write(greeting);
      const writing = writeForever(client);
      await checkStall(writing, await opened.promise);
    });
  }
});

/** What two hops' kernel buffers may hold, and a little of our own. */
const mostHeld = 24 * megabyte;

interface Writing {
  readonly written: () => number;
}

/** Writes as long as the stream takes it. */
function writeForever(stream: Duplex): Writing {
  const chunk = Buffer.alloc(64 * 1024, "forever");
  let written = 0;
  const fill = () => {
    while (!stream.destroyed && written < 20 * mostHeld) {
      written += chunk.length;
      if (!stream.write(chunk)) return;
    }
  };
  stream.on("drain", fill);
  stream.on("error", () => undefined);
  fill();
  return { written: () => written };
}

async function checkStall({ written }: Writing, reader: Duplex): Promise<void> {
  const before = process.memoryUsage().arrayBuffers;
  let stalledAt = -1;
  while (stalledAt !== written()) {
    stalledAt = written();
    for (let turns = 0; turns < 300; turns++) await turn();
  }
  assert.ok(stalledAt < mostHeld, `${stalledAt} bytes went where nobody reads`);
  const held = process.memoryUsage().arrayBuffers - before;
  assert.ok(held < 16 * megabyte, `${held} bytes are held in buffers`);

  let heard = 0;
  await new Promise<void>((resolve) => {
    reader.on("data", (chunk: Buffer) => {
      heard += chunk.length;
      if (heard > stalledAt + 8 * megabyte) resolve();
    });
    reader.resume();
  });
  reader.destroy();
}
