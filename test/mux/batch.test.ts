/** Holds that gathering decrypted records neither loses, reorders nor holds back a byte. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough, Writable } from "node:stream";
import { test } from "node:test";
import { Batch, fullRecord } from "../../src/mux/batch.ts";
import { largeSize } from "../../src/mux/large-buffers.ts";
import { turn } from "./streams.ts";

function batched() {
  const from = new PassThrough();
  const written: Buffer[] = [];
  const to = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      // The memory it is in belongs to the batch again.
      written.push(Buffer.from(chunk));
      done();
    },
  });
  return { from, to, written, batch: new Batch(from, to) };
}

test("what came in one turn leaves at its end, in one write", async () => {
  const { written, batch } = batched();
  batch.add(Buffer.alloc(fullRecord, "a"));
  batch.add(Buffer.from("b"));
  assert.ok(batch.isOpen);
  await turn();
  assert.deepEqual(written.map(String), [`${"a".repeat(fullRecord)}b`]);
  assert.ok(!batch.isOpen);
});

test("more than is gathered at once goes out whole and in its order", async () => {
  const { written, batch } = batched();
  const letters = "abcdefghijklmnopqrstuvwxyz";
  const pieces = Array.from(letters, (letter) => Buffer.alloc(fullRecord - 1, letter));
  pieces.push(Buffer.alloc(largeSize + 1, "A"), Buffer.from("B"));
  const expected = Buffer.concat(pieces);
  for (const piece of pieces) batch.add(piece);
  await turn();
  assert.ok(expected.equals(Buffer.concat(written)));
});

test("what is gathered goes out before the end is passed on", async () => {
  const { from, to, written, batch } = batched();
  from.on("end", () => to.end());
  batch.add(Buffer.alloc(fullRecord, "a"));
  from.end();
  from.resume();
  await once(to, "finish");
  assert.equal(written.length, 1);
});
