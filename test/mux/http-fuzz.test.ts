/** Whatever a client sends, the mux lives on, and a service reads nothing that the mux did not write as one request. */
import assert from "node:assert/strict";
import net from "node:net";
import { after, test } from "node:test";
import { ask } from "./http-support.ts";
import { mutations } from "./mutations.ts";
import { numbers } from "./random.ts";
import { readRequests, recordRequests } from "./raw-service.ts";
import { startMux } from "./support.ts";

const milliseconds = 1500;
const raised: unknown[] = [];
const note = (error: unknown) => raised.push(error);
process.on("uncaughtExceptionMonitor", note);
process.on("warning", note);
after(() => {
  process.off("uncaughtExceptionMonitor", note);
  process.off("warning", note);
});

const inner = "GET /inner HTTP/1.1\r\nHost: shop.test\r\nOneport-Hop: feigned\r\n\r\n";
const seeds = [
  "GET / HTTP/1.1\r\nHost: shop.test\r\nAccept: */*\r\n\r\n",
  `POST /a HTTP/1.1\r\nHost: shop.test\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`,
  `POST /b HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n${inner.length.toString(16)}\r\n${inner}\r\n0\r\nX-T: 1\r\n\r\n`,
  "GET http://shop.test/c HTTP/1.1\r\nHost: shop.test\r\nConnection: close, X-A\r\nX-A: 1\r\n\r\n",
  "GET /d HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: a\r\n\r\n",
  "GET /e HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
  "HEAD /f HTTP/1.0\r\nHost: shop.test\r\nExpect: 100-continue\r\n\r\n",
];
const pieces = [
  ...mutations,
  "\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n",
  "\r\nExpect: 100-continue\r\n",
  "0\r\n\r\n",
  inner,
];

function mangle(pick: (limit: number) => number): string {
  let bytes = Array.from({ length: 1 + pick(3) }, () => seeds[pick(seeds.length)]).join("");
  for (let count = pick(4); count > 0; count--) {
    const at = pick(bytes.length);
    const piece = pieces[pick(pieces.length)] ?? "";
    const end = at + (pick(2) === 0 ? 0 : pick(20));
    bytes = bytes.slice(0, at) + (pick(4) === 0 ? "" : piece) + bytes.slice(end);
  }
  return bytes;
}

/** Frames of every type and length behind a proper beginning. */
function mangleHttp2(pick: (limit: number) => number): Buffer {
  const frames = [Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Buffer.of(0, 0, 0, 4, 0, 0, 0, 0, 0)];
  // :method GET, :scheme http, :path /, :authority shop.test
  const head = Buffer.concat([Buffer.of(0x82, 0x86, 0x84, 0x41, 9), Buffer.from("shop.test")]);
  const count = 1 + pick(6);
  for (let number = 0; number < count; number++) {
    const isHead = pick(3) > 0;
    const payload = isHead
      ? Buffer.from(head)
      : Buffer.from(Array.from({ length: pick(40) }, () => pick(256)));
    if (isHead && pick(3) === 0) payload[pick(payload.length)] = pick(256);
    const type = isHead ? 1 : pick(11);
    const flags = isHead ? 4 | pick(2) : pick(256);
    const stream = pick(4) === 0 ? pick(9) : 1 + 2 * number;
    frames.push(Buffer.of(0, 0, payload.length, type, flags, 0, 0, 0, stream), payload);
  }
  return Buffer.concat(frames);
}

/** Sends bytes in two halves, and leaves soon after in one way or another. */
function throwAt(port: number, bytes: Buffer, pick: (limit: number) => number): Promise<void> {
  const socket = net.connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.resume();
  const half = pick(bytes.length + 1);
  const patience = pick(30);
  const way = pick(3);
  socket.write(bytes.subarray(0, half));
  setImmediate(() => socket.write(bytes.subarray(half)));
  const timer = setTimeout(() => {
    if (way === 0) socket.resetAndDestroy();
    else if (way === 1) socket.destroy();
    else socket.end();
  }, patience);
  const last = setTimeout(() => socket.destroy(), 100);
  return new Promise((resolve) => {
    socket.once("close", () => {
      clearTimeout(timer);
      clearTimeout(last);
      resolve();
    });
  });
}

for (const [what, make] of [
  ["HTTP/1.1", (pick: (limit: number) => number) => Buffer.from(mangle(pick), "latin1")],
  ["HTTP/2", mangleHttp2],
] as const) {
  test(`mangled ${what} harms nobody`, async () => {
    await using service = await recordRequests();
    await using mux = await startMux({ "shop.test": service.port });
    const pick = numbers(20_261_123);
    const end = performance.now() + milliseconds;
    let thrown = 0;
    const thrower = async () => {
      for (; performance.now() < end; thrown++) await throwAt(mux.port, make(pick), pick);
    };
    await Promise.all(Array.from({ length: 24 }, thrower));

    assert.equal((await ask("HTTP/1.1 in the clear", mux, "shop.test")).text, "ok");
    assert.equal((await ask("HTTP/2 over TLS", mux, "shop.test")).text, "ok");
    assert.ok(thrown > 100, `only ${thrown} were thrown`);
    assert.deepEqual(raised, []);
    const requests = service.received.flatMap((bytes) => readRequests(bytes).requests);
    assert.ok(requests.length > 20, `only ${requests.length} came through`);
    for (const { line, valuesOf } of requests) {
      // Last of all the hops stands the mux itself; what a client smuggled past it would lack that.
      assert.match(valuesOf("oneport-hop").join(), /^(feigned, )*[\da-f]{12}$/, line);
      assert.deepEqual(valuesOf("host"), ["shop.test"]);
    }
  });
}
