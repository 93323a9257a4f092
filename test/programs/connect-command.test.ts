/** The command lines that are copied for a route, run by a shell against the real command line's mux. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import {
  type Certificate,
  type Client,
  connectCommand,
  type Endpoint,
} from "../../src/core/connect-command.ts";
import { parseRoutes } from "../../src/core/route.ts";
import { summarizeRoutes } from "../../src/core/route-summary.ts";
import { Oneport } from "../e2e/oneport.ts";
import { longestMilliseconds, type Ran } from "../e2e/program.ts";
import { ownCertificate } from "../mux/streams.ts";
import { freePort, startHttp } from "../mux/support.ts";
import { startWebService } from "../sample/services.ts";
import { Folder, user } from "./folder.ts";
import { startMariadb } from "./mariadb.ts";
import { startPostgres } from "./postgres.ts";
import { startRedis } from "./redis.ts";
import { environment, finish } from "./run.ts";
import { hostKey, startSshd } from "./sshd.ts";

/** What the servers of these tests let in. */
const login = { user: "oneport", password: "one port for all" };

/** A login that the person who pastes a line has somewhere of their own. */
const logins = {
  PGUSER: login.user,
  PGPASSWORD: login.password,
  PGDATABASE: "postgres",
  MYSQL_PWD: login.password,
};

const inNamespace = ["unshare", "--mount", "--propagation", "private"];

test("The copied command, run for real,", async (t) => {
  await using folder = await Folder.make();
  await using databaseFolder = await Folder.make();
  await using mariadbFolder = await Folder.make();
  const own = await ownCertificate("own.test");
  const certificate = {
    cert: await folder.write("server.crt", own.cert),
    key: await folder.write("server.key", own.key),
  };
  const ports = {
    redis: await freePort(),
    secure: await freePort(),
    postgres: await freePort(),
    mariadb: await freePort(),
    sshd: await freePort(),
  };
  const secure = { port: ports.secure, ...certificate };
  await using _redis = await startRedis(folder, ports.redis, secure);
  await using _postgres = await startPostgres(databaseFolder, { host: "127.0.0.1", port: ports.postgres });
  await using _mariadb = await startMariadb(mariadbFolder, ports.mariadb, certificate);
  await using _sshd = await startSshd(folder, ports.sshd);
  await using web = await startHttp((_, response) => response.end("hello\n"));
  await using live = await startWebService(0);

  const routes = {
    "shop.test": web.port,
    "shop.localhost": web.port,
    "live.test": `ws://127.0.0.1:${live.port}/live`,
    "cache.test": `tcp://127.0.0.1:${ports.redis}`,
    "cache.localhost": `tcp://127.0.0.1:${ports.redis}`,
    "own.test": `tls://127.0.0.1:${ports.secure}`,
    "db.test": `tcp://127.0.0.1:${ports.postgres}`,
    "db.localhost": `tcp://127.0.0.1:${ports.postgres}`,
    "sql.test": `tcp://127.0.0.1:${ports.mariadb}`,
    "ssh.test": `tcp://127.0.0.1:${ports.sshd}`,
  };
  await using oneport = await Oneport.start(routes);
  const parsed = parseRoutes(routes).routes;
  const summaries = summarizeRoutes(parsed);
  const ours: Certificate = { by: "authority", rootFile: oneport.rootFile, isTrusted: false };

  function endpoint(name: keyof typeof routes, resolves: boolean): Endpoint {
    const index = summaries.findIndex(({ domain }) => domain === name);
    const address = summaries[index]?.address;
    const target = parsed[index]?.targets[0];
    assert.ok(target);
    const vouched: Certificate = target.scheme === "tls" ? { by: "service" } : ours;
    return { name, target, port: oneport.port, resolves, certificate: vouched, ...(address && { address }) };
  }

  /** Names that resolve do so by a hosts file of the shell's own. */
  async function paste(client: Client, name: keyof typeof routes, resolves: boolean, more = "", input = "") {
    const line = `${connectCommand(client, endpoint(name, resolves), "posix")} ${more}`;
    if (!resolves) return shell(["sh", "-c", line], input);
    const hosts = summaries.map(({ domain, address }) => `${address ?? "127.0.0.1"} ${domain}\n`).join("");
    const file = await folder.write("hosts", hosts);
    const script = 'mount --bind "$1" /etc/hosts && exec sh -c "$2"';
    return shell(
      ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", file, line],
      input,
    );
  }

  const knownAs = `ssh.test,[ssh.test]:${oneport.port}`;
  const known = await folder.write("known_hosts", `${knownAs} ${await hostKey(folder)}\n`);
  const identity = `-F none -i ${join(folder.path, "login")} -l ${user.name} -o BatchMode=yes -o CheckHostIP=no`;
  const sshLogin = `${identity} -o UserKnownHostsFile=${known} -o GlobalKnownHostsFile=none`;
  const handshake = "--silent --max-time 2";

  const everywhere: readonly [Client, keyof typeof routes, more: string, input: string, output: RegExp][] = [
    ["curl", "shop.test", "--silent", "", /^hello\n$/],
    ["curl", "live.test", handshake, "", /^HTTP\/1\.1 101 .*upgrade: websocket/is],
    ["psql", "db.test", "-tAc 'select 40 + 2'", "", /^42\n$/],
    ["redisCli", "cache.test", "", "PING\n", /^PONG\n$/],
    ["redisCli", "own.test", `--cacert ${certificate.cert}`, "PING\n", /^PONG\n$/],
    ["mysql", "sql.test", `-u${login.user} -BN`, "select 'hello'", /^hello\n$/],
    ["openssl", "cache.test", "", "PING\nQUIT\n", /^\+PONG\r\n\+OK\r\n$/],
  ];
  const byAddress: typeof everywhere = [
    ["curl", "shop.localhost", "--silent", "", /^hello\n$/],
    ["psql", "db.localhost", "-tAc 'select 40 + 2'", "", /^42\n$/],
    ["redisCli", "cache.localhost", "", "PING\n", /^PONG\n$/],
    ["openssl", "cache.localhost", "", "PING\nQUIT\n", /^\+PONG\r\n\+OK\r\n$/],
  ];
  const ssh: (typeof everywhere)[number] = ["ssh", "ssh.test", `${sshLogin} 'echo hello'`, "", /^hello\n$/];
  const logsIn = user.hasShell ? [ssh] : [];

  for (const [client, name, more, input, output] of [...everywhere, ...byAddress, ...logsIn]) {
    await t.test(`${client} reaches ${name}, which nothing resolves`, async () => {
      const ran = await paste(client, name, false, more, input);
      assert.match(ran.output, output, ran.errors);
    });
  }

  const { status: obstacle } = await shell([...inNamespace, "true"], "");
  const skip = obstacle === 0 ? false : "no mount namespace can be made, as for a hosts file of one's own";
  for (const [client, name, more, input, output] of [...everywhere, ...logsIn]) {
    await t.test(`${client} reaches ${name} by the hosts file`, { skip }, async () => {
      const ran = await paste(client, name, true, more, input);
      assert.match(ran.output, output, ran.errors);
    });
  }
});

function shell([program = "", ...words]: readonly string[], input: string): Promise<Ran> {
  const env = { ...environment, ...logins };
  return finish(spawn(program, words, { env, timeout: longestMilliseconds }), input);
}
