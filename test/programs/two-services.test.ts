/** The question that Oneport began with: a TCP service and a WebSocket service on one port, told apart by their domains. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { WebSocket } from "ws";
import { Oneport } from "../e2e/oneport.ts";
import * as plain from "../e2e/program.ts";
import { freePort } from "../mux/support.ts";
import { cli } from "../sample/oneport.ts";
import { startWebService } from "../sample/services.ts";
import { Folder } from "./folder.ts";
import { startRedis } from "./redis.ts";
import { run } from "./run.ts";

test("Two lines of settings put a TCP service and a WebSocket service on one port", async (t) => {
  await using folder = await Folder.make();
  const redisPort = await freePort();
  await using _redis = await startRedis(folder, redisPort);
  await using live = await startWebService(0);
  await using oneport = await Oneport.start({
    "redis.shop.test": `tcp://localhost:${redisPort}`,
    "live.shop.test": `ws://localhost:${live.port}`,
  });
  const port = String(oneport.port);

  await t.test("the TCP service is reached over TLS by its name", async () => {
    const secured = ["--tls", "--cacert", oneport.rootFile, "--sni", "redis.shop.test"];
    const { output, errors } = await run("redis-cli", ["-h", "127.0.0.1", "-p", port, ...secured, "PING"]);
    assert.equal(output, "PONG\n", errors);
  });

  await t.test("the TCP service is reached in the clear at the address in its hosts line", async () => {
    const hosts = await plain.run(
      process.execPath,
      [cli, "hosts", "print", oneport.folder],
      oneport.environment,
    );
    const address =
      /^(127\.77\.\d+\.\d+)\s+redis\.shop\.test$/m.exec(hosts.output)?.[1] ?? assert.fail(hosts.output);
    const { output, errors } = await run("redis-cli", ["-h", address, "-p", port, "PING"]);
    assert.equal(output, "PONG\n", errors);
  });

  for (const scheme of ["wss", "ws"]) {
    await t.test(`the WebSocket service is reached by its name, ${scheme}:`, async () => {
      const socket = new WebSocket(`${scheme}://live.shop.test:${port}/live`, {
        ca: await readFile(oneport.rootFile),
        lookup: (_name, _options, found) => found(null, [{ address: "127.0.0.1", family: 4 }]),
        handshakeTimeout: plain.longestMilliseconds,
      });
      try {
        const [time] = await once(socket, "message");
        assert.match(String(time), /\d:\d\d/);
      } finally {
        socket.terminate();
      }
    });
  }
});
