/** A control channel against whatever the other end does. */
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import * as v from "valibot";
import type { Problem } from "../../src/core/errors.ts";
import { Channel } from "../../src/session/channel.ts";
import { startTcp } from "../mux/support.ts";

const parse = (message: unknown) => v.parse(v.object({ text: v.string() }), message);

/** A channel, what it heard, how it closed, and the raw socket at its other end. */
async function open() {
  const accepted = Promise.withResolvers<net.Socket>();
  const service = await startTcp(accepted.resolve);
  const socket = net.connect(service.port, "127.0.0.1");
  const heard: string[] = [];
  const closed = Promise.withResolvers<Problem | undefined>();
  const channel = new Channel<{ text: string }, { text: string }>(socket, {
    parse,
    onMessage: ({ text }) => void heard.push(text),
    onClose: closed.resolve,
  });
  return {
    channel,
    heard,
    closed: closed.promise,
    other: await accepted.promise,
    [Symbol.asyncDispose]: async () => {
      channel.destroy();
      await service[Symbol.asyncDispose]();
    },
  };
}

test("messages are whole, however they are cut", async () => {
  await using end = await open();
  const texts = ["a", "grüße \n 🙂", "x".repeat(100_000)];
  const bytes = Buffer.from(texts.map((text) => `${JSON.stringify({ text })}\n`).join(""));
  for (let at = 0; at < bytes.length; ) {
    const size = at < 60 ? 1 : 7919;
    end.other.write(bytes.subarray(at, at + size));
    at += size;
    await new Promise(setImmediate);
  }
  end.other.end();
  assert.equal(await end.closed, undefined);
  assert.deepEqual(end.heard, texts);
});

for (const [what, bytes] of Object.entries({
  "no JSON": "{nonsense\n",
  "another shape": '{"text": 3}\n',
})) {
  test(`${what} breaks the channel off, with a problem, and what follows is not heard`, async () => {
    await using end = await open();
    end.other.write(bytes);
    end.other.write('{"text":"after"}\n');
    assert.equal((await end.closed)?.code, "channel-misunderstood");
    assert.deepEqual(end.heard, []);
  });
}

test("a line without an end breaks the channel off, with a problem that tells what makes lines so long", async () => {
  await using end = await open();
  end.other.write(`"${"x".repeat(65 * 1024 * 1024)}`);
  assert.equal((await end.closed)?.code, "channel-overlong");
  assert.deepEqual(end.heard, []);
});

test("an end that does not read makes the other one busy, and then costs no more memory", async () => {
  await using end = await open();
  end.other.pause();
  const text = "x".repeat(64 * 1024);
  let sent = 0;
  for (; sent < 10_000 && !end.channel.isBusy; sent++) end.channel.send({ text });
  assert.ok(end.channel.isBusy);
  const isOver = end.closed.then((problem) => problem?.code);
  for (; sent < 10_000; sent++) end.channel.send({ text });
  assert.equal(await isOver, "channel-unread");
});

test("the end comes after what was sent before, also to one that says nothing itself", async () => {
  await using end = await open();
  end.channel.send({ text: "last" });
  end.channel.end();
  const [chunk] = await once(end.other, "data");
  assert.equal(String(chunk), '{"text":"last"}\n');
  assert.equal(await end.closed, undefined);
});
