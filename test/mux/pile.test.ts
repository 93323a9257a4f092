/** Holds that gathering full reads neither loses, reorders nor holds back a byte. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { fullRead, Pile } from "../../src/mux/pile.ts";
import { turn } from "./streams.ts";

function piled() {
  const from = new PassThrough();
  const to = new PassThrough({ highWaterMark: 64 * fullRead });
  return { from, to, pile: new Pile(from, to) };
}

function full(letter: string): Buffer {
  return Buffer.alloc(fullRead, letter);
}

test("a full read waits for another, and both go out in their order", () => {
  const { to, pile } = piled();
  pile.add(full("a"));
  assert.equal(to.readableLength, 0);
  assert.ok(pile.isOpen);
  pile.add(Buffer.from("b"));
  assert.equal(String(to.read()), `${full("a")}b`);
  assert.ok(!pile.isOpen);
});

test("a full read that comes alone in its turn goes out at the turn's end", async () => {
  const { to, pile } = piled();
  pile.add(full("a"));
  await turn();
  assert.equal(to.readableLength, fullRead);
});

test("what is held goes out before the end is passed on", async () => {
  const { from, to, pile } = piled();
  from.on("end", () => to.end());
  pile.add(full("a"));
  from.end();
  from.resume();
  await once(from, "end");
  assert.equal(to.readableLength, fullRead);
});

test("nothing is written to who has gone", async () => {
  const { to, pile } = piled();
  to.on("error", assert.fail);
  pile.add(full("a"));
  to.destroy();
  await turn();
  assert.ok(!pile.isOpen);
});

test("whoever pours faster than is taken is paused", () => {
  const from = new PassThrough();
  const pile = new Pile(from, new PassThrough({ highWaterMark: 1 }));
  pile.add(full("a"));
  pile.add(full("b"));
  assert.ok(from.isPaused());
});
