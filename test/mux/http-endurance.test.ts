/** Many requests, and many that are given up, leave nothing behind. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { ask, connectBy, until, ways, whole } from "./http-support.ts";
import { startHttp, startMux } from "./support.ts";

const warnings: Error[] = [];
const note = (warning: Error) => warnings.push(warning);
process.on("warning", note);
after(() => process.off("warning", note));

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
}

for (const way of ways) {
  test(`${way}: seven hundred requests, every tenth with a body, leave no socket and no listener behind`, async () => {
    await using service = await startHttp((request, response) => {
      if (request.method === "POST") request.pipe(response);
      else response.end("ok");
    });
    await using mux = await startMux({ "shop.test": service.port });
    const before = openSockets();
    {
      await using client = connectBy(way, mux, "shop.test");
      for (let count = 0; count < 700; count++) {
        const hasBody = count % 10 === 0;
        const answer = await whole(client.send(hasBody ? { method: "POST", body: "ok" } : {}));
        assert.equal(answer.text, "ok");
      }
    }
    assert.equal((await mux.report(() => true)).requests, 700);
    assert.ok(service.sockets.size <= 1, "one kept connection");
    await mux.stop(0);
    await until(() => openSockets() <= before, "all sockets are closed");
    assert.deepEqual(warnings, []);
  });

  test(`${way}: requests that are given up at every stage leave nothing behind`, async () => {
    let asked = 0;
    await using service = await startHttp((request, response) => {
      asked++;
      if (request.url === "/begun") response.write("begun");
    });
    await using mux = await startMux({ "shop.test": service.port, "down.test": "http://127.0.0.1:1" });
    const before = openSockets();
    for (let count = 0; count < 48; count++) {
      const stage = (["down", "silent", "begun"] as const)[count % 3] ?? "down";
      await using client = connectBy(way, mux, stage === "down" ? "down.test" : "shop.test");
      const hasBody = count % 2 === 0;
      const sending = client.send({ path: `/${stage}`, method: "POST", body: hasBody ? "open" : "" });
      if (hasBody) sending.body.write("half");
      const askedBefore = asked;
      if (stage === "begun") await sending.answer;
      else if (stage === "silent") await until(() => asked > askedBefore, "the service is asked");
      else await setTimeout(10);
      sending.abort();
    }
    await until(() => service.sockets.size === 0, "every connection to the service ends");
    await until(() => openSockets() <= before, "every connection of a client ends");
    await mux.stop(0);
    await until(() => openSockets() <= before, "all sockets are closed");
    assert.deepEqual(warnings, []);
  });
}

test("many requests in flight on one connection add no listeners to it", async () => {
  await using service = await startHttp(
    (_request, response) => void setTimeout(20).then(() => response.end("ok")),
  );
  await using mux = await startMux({ "shop.test": service.port });
  await using client = connectBy("HTTP/2 over TLS", mux, "shop.test");
  const answers = Array.from({ length: 100 }, () => whole(client.send()));
  for (const { text } of await Promise.all(answers)) assert.equal(text, "ok");
  assert.equal((await ask("HTTP/1.1 in the clear", mux, "shop.test")).text, "ok");
  assert.deepEqual(warnings, []);
});

for (const way of ways) {
  test(`${way}: a small upload waits for nobody's acknowledgement`, async () => {
    await using service = await startHttp((request, response) => request.pipe(response));
    await using mux = await startMux({ "shop.test": service.port });
    await using client = connectBy(way, mux, "shop.test");
    const took: number[] = [];
    for (let count = 0; count < 15; count++) {
      const since = performance.now();
      const sending = client.send({ method: "POST", body: "open" });
      sending.body.end("abc");
      assert.equal((await whole(sending)).text, "abc");
      took.push(performance.now() - since);
    }
    // Nagle's algorithm and a delayed acknowledgement make 40 ms of two small packets.
    const [median = 0] = took.sort((a, b) => a - b).slice(7);
    assert.ok(median < 30, `${median} ms`);
  });
}
