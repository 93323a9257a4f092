/** Services asked by the worker's thread what they speak. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { askServices } from "../../src/session/task.ts";
import { startTcp } from "../mux/support.ts";
import { startWebService } from "../sample/services.ts";

const worker = new URL("../../src/worker.ts", import.meta.url);

test("each is told in its place: a web service, one that greets, one that is silent, and one that is gone", async () => {
  await using web = await startWebService(0);
  await using ssh = await startTcp((socket) => socket.end("SSH-2.0-Test_1\r\n"));
  await using silent = await startTcp(() => undefined);
  const gone = await startTcp(() => undefined);
  await gone[Symbol.asyncDispose]();
  const services = [web, ssh, silent, gone].map(({ port }) => ({ port, addresses: ["127.0.0.1"] }));
  const answers = await askServices(worker, { services });
  assert.ok(answers.ok);
  assert.deepEqual(
    answers.value.map(({ protocol }) => protocol),
    ["http", "ssh", "tcp", "tcp"],
  );
  assert.equal(answers.value[1]?.server, "Test_1");
});

test("nothing to ask is answered with nothing", async () => {
  assert.deepEqual(await askServices(worker, { services: [] }), { ok: true, value: [] });
});
