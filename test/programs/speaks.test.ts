/** Real servers, asked what they speak, on ports that give no hint; and what that leaves in their logs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { speaks } from "../../src/mux/speaks.ts";
import { Lines } from "../cli/oneport.ts";
import { begin } from "../e2e/program.ts";
import { ownCertificate } from "../mux/streams.ts";
import { freePort } from "../mux/support.ts";
import { Folder } from "./folder.ts";
import { startMariadb } from "./mariadb.ts";
import { psql, startPostgres } from "./postgres.ts";
import { startRedis } from "./redis.ts";
import { run } from "./run.ts";
import { Server } from "./server.ts";
import { startSshd } from "./sshd.ts";

const at = (port: number, name?: string) => ({
  port,
  addresses: ["127.0.0.1"],
  ...(name !== undefined && { process: { pid: 7, name } }),
});

const own = await ownCertificate("localhost");

async function certificateIn(folder: Folder) {
  return {
    cert: await folder.write("server.crt", own.cert),
    key: await folder.write("server.key", own.key),
  };
}

test("sshd", async () => {
  await using folder = await Folder.make();
  const port = await freePort();
  await using _server = await startSshd(folder, port);
  const { protocol, server } = await speaks(at(port));
  assert.equal(protocol, "ssh");
  assert.match(server ?? "", /^OpenSSH_/);
});

test("MariaDB", async () => {
  await using folder = await Folder.make();
  const port = await freePort();
  await using _server = await startMariadb(folder, port, await certificateIn(folder));
  const { protocol, server } = await speaks(at(port));
  assert.equal(protocol, "mysql");
  assert.match(server ?? "", /^1\d\..*MariaDB/);
});

test("Redis, which does not see an attack in it", async () => {
  await using folder = await Folder.make();
  const [port, tlsPort] = [await freePort(), await freePort()];
  const certificate = await certificateIn(folder);
  await using server = await startRedis(folder, port, { port: tlsPort, ...certificate });
  assert.deepEqual(await speaks(at(port)), { protocol: "redis" });
  assert.deepEqual(await speaks(at(port, "redis-server")), { protocol: "redis" });
  await run("redis-cli", ["-p", String(port), "SHUTDOWN", "NOSAVE"]);
  const log = await server.heard(/Ready to accept connections[\s\S]*User requested shutdown/);
  assert.doesNotMatch(log, /attack|error/i);
});

test("Redis inside TLS", async () => {
  await using folder = await Folder.make();
  const tlsPort = await freePort();
  const certificate = await certificateIn(folder);
  await using _server = await startRedis(folder, await freePort(), { port: tlsPort, ...certificate });
  assert.deepEqual(await speaks(at(tlsPort)), { protocol: "tls" });
});

for (const [how, withTls] of [
  ["in the clear", false],
  ["with TLS", true],
] as const) {
  test(`PostgreSQL ${how}, which logs nothing when its name or port gives it away`, async () => {
    await using folder = await Folder.make();
    const port = await freePort();
    const certificate = withTls ? await certificateIn(folder) : undefined;
    await using server = await startPostgres(folder, { host: "127.0.0.1", port }, certificate);
    assert.deepEqual(await speaks(at(port, "postgres")), { protocol: "postgres" });
    await psql({ host: "127.0.0.1", port, user: "nobody" }, "SELECT 1");
    const log = await server.heard(/ready to accept connections\n[\s\S]*?password authentication failed/);
    assert.equal(log.split("\n").length, 2, log);
    assert.deepEqual(await speaks(at(port)), { protocol: "postgres" });
  });
}

test("Python's web server, which logs one request and no complaint", async () => {
  await using folder = await Folder.make();
  await folder.write("index.html", `<title>A page of Python's</title>${"<p>".repeat(2_000_000)}`);
  const port = await freePort();
  const options = ["-u", "-m", "http.server", String(port), "--bind", "127.0.0.1"];
  const { PATH, HOME } = process.env;
  await using server = await begin("python3", options, { PATH, HOME }, folder.path);
  await new Lines(server.stdout).until(/Serving HTTP/);
  const { protocol, title, server: product } = await speaks(at(port));
  assert.deepEqual([protocol, title], ["http", "A page of Python's"]);
  assert.match(product ?? "", /^SimpleHTTP/);
  await run("curl", ["-s", `http://127.0.0.1:${port}/the-end`]);
  const log = new Lines(server.stderr);
  assert.match(await log.next(), /"GET \/ HTTP\/1.1" 200/);
  assert.match(await log.next(), /the-end|File not found/);
});

for (const [options, spoken] of [
  [[], { protocol: "tls" }],
  [["-www"], { protocol: "https" }],
] as const) {
  test(`openssl s_server ${options.join(" ")}`.trim(), async () => {
    await using folder = await Folder.make();
    const port = await freePort();
    const { cert, key } = await certificateIn(folder);
    const list = ["s_server", "-accept", `127.0.0.1:${port}`, "-cert", cert, "-key", key, ...options];
    await using _server = await Server.start("openssl", list, folder, /^ACCEPT/m);
    assert.deepEqual(await speaks(at(port)), spoken);
  });
}
