import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { ask } from "./http-support.ts";
import { connect, outcome } from "./streams.ts";
import { freePort, type Service, startHttp, startMux, startTcp, type TestMux } from "./support.ts";

const saying = (word: string, port = 0) => startTcp((socket) => socket.end(word), { port });
const tcp = (...services: Pick<Service, "port">[]) => services.map(({ port }) => `tcp://127.0.0.1:${port}`);

/** What the service of the default route says to a new connection. */
async function hear(mux: TestMux): Promise<string> {
  const client = await connect(mux.port);
  const said = outcome(client);
  client.end("\x01");
  const { bytes, error } = await said;
  assert.equal(error, undefined);
  return String(bytes);
}

async function hearMany(mux: TestMux, times: number): Promise<string> {
  let heard = "";
  for (let time = 0; time < times; time++) heard += await hear(mux);
  return heard;
}

const statesOf = (mux: TestMux, target: string) =>
  mux.events.flatMap((event) => (event.type === "target" && event.target === target ? [event.state] : []));

describe("Several targets of a route", () => {
  it("take turns strictly, for streams and for HTTP", async () => {
    await using a = await saying("a");
    await using b = await saying("b");
    await using c = await saying("c");
    await using x = await startHttp((_request, response) => void response.end("x"));
    await using y = await startHttp((_request, response) => void response.end("y"));
    await using mux = await startMux({ "*": tcp(a, b, c), "web.test": [x.port, y.port] });

    assert.equal(await hearMany(mux, 9), "abcabcabc");
    let answered = "";
    for (let time = 0; time < 6; time++) {
      answered += (await ask("HTTP/1.1 in the clear", mux, "web.test")).text;
    }
    assert.equal(answered, "xyxyxy");
  });

  it("share evenly what one of them that is down would have had, and no connection fails", async () => {
    await using a = await saying("a");
    await using c = await saying("c");
    await using mux = await startMux({ "*": tcp(a, { port: await freePort() }, c) });

    const heard = await hearMany(mux, 20);
    const [first, second] = [heard.split("a").length - 1, heard.split("c").length - 1];
    assert.equal(first + second, 20);
    assert.ok(Math.abs(first - second) <= 2, heard);
  });

  it("are used again within two seconds of traffic after one came back", async () => {
    await using a = await saying("a");
    let b = await saying("b");
    const { port } = b;
    await using mux = await startMux({ "*": tcp(a, b) });

    assert.equal(await hearMany(mux, 4), "abab");
    await b[Symbol.asyncDispose]();
    assert.equal(await hearMany(mux, 6), "aaaaaa");
    b = await saying("b", port);
    const start = performance.now();
    while ((await hear(mux)) !== "b") await wait(20);
    assert.ok(performance.now() - start < 2000);
    assert.match(await hearMany(mux, 4), /^(abab|baba)$/);
    await b[Symbol.asyncDispose]();
    assert.deepEqual(statesOf(mux, `tcp://127.0.0.1:${port}`).slice(0, 3), ["up", "down", "up"]);
  });
});
