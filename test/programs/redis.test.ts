/** Redis and redis-cli with Oneport between: by address, by the name that --sni gives, and in great haste. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ownCertificate } from "../mux/streams.ts";
import { freePort, startMux } from "../mux/support.ts";
import { Folder } from "./folder.ts";
import { startRedis } from "./redis.ts";
import { run } from "./run.ts";

const commandCount = 50_000;

test("redis-cli", async (t) => {
  await using folder = await Folder.make();
  const own = await ownCertificate("own.test");
  const secure = {
    port: await freePort(),
    cert: await folder.write("server.crt", own.cert),
    key: await folder.write("server.key", own.key),
  };
  const port = await freePort();
  await using _server = await startRedis(folder, port, secure);
  await using mux = await startMux({
    "redis.test": `tcp://127.0.0.1:${port}`,
    "own.test": `tls://127.0.0.1:${secure.port}`,
  });

  const shared = "127.0.0.1";
  const address = mux.addressOf("redis.test");
  const ours = ["--tls", "--cacert", mux.rootFile];
  const theirs = ["--tls", "--cacert", secure.cert];
  const cli = (host: string, options: readonly string[], input?: string) =>
    run("redis-cli", ["-h", host, "-p", String(mux.port), ...options], input);

  await t.test("is answered in the clear at the domain's own address", async () => {
    assert.equal((await cli(address, ["SET", "greeting", "hello"])).output, "OK\n");
    assert.equal((await cli(address, ["GET", "greeting"])).output, "hello\n");
  });

  await t.test("is answered over TLS by name", async () => {
    const { output, errors } = await cli(shared, [...ours, "--sni", "redis.test", "PING"]);
    assert.equal(output, "PONG\n", errors);
    const { seen } = await mux.report((report) => report.seen.by === "sni");
    assert.deepEqual(seen, { by: "sni", name: "redis.test" });
  });

  await t.test("is answered over TLS at the domain's own address, where it need name nothing", async () => {
    assert.equal((await cli(address, [...ours, "PING"])).output, "PONG\n");
    assert.match((await cli(shared, [...ours, "PING"])).errors, /unrecognized name/);
  });

  await t.test("sees the server's own certificate through a passthrough", async () => {
    assert.equal((await cli(shared, [...theirs, "--sni", "own.test", "PING"])).output, "PONG\n");
    assert.match((await cli(shared, [...ours, "--sni", "own.test", "PING"])).errors, /certificate verify/);
  });

  for (const [way, host, options] of [
    ["in the clear", address, []],
    ["over TLS", shared, [...ours, "--sni", "redis.test"]],
  ] as const) {
    await t.test(`inserts ${commandCount} values in one go ${way}`, async () => {
      await cli(address, ["FLUSHALL"]);
      const { output, errors } = await cli(host, [...options, "--pipe"], insertion());
      assert.match(output, new RegExp(`errors: 0, replies: ${commandCount}\\n`), errors);
      assert.equal((await cli(address, ["DBSIZE"])).output, `${commandCount}\n`);
      assert.equal((await cli(address, ["GET", "key:777"])).output, "value 777\n");
    });
  }
});

/** Redis's protocol: each command is an array of strings with their lengths. */
function insertion(): string {
  return Array.from({ length: commandCount }, (_, number) => {
    const words = ["SET", `key:${number}`, `value ${number}`];
    return `*3\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
  }).join("");
}
