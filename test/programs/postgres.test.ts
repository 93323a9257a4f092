/** PostgreSQL and psql with Oneport between: by name and by address, with TLS ended here, passed through, or none. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import type net from "node:net";
import { test } from "node:test";
import tls from "node:tls";
import { declined, granted, sslRequest } from "../../src/core/postgres.ts";
import { longestMilliseconds } from "../e2e/program.ts";
import { connect, connectTls, ownCertificate, read } from "../mux/streams.ts";
import { freePort, startMux } from "../mux/support.ts";
import { Folder } from "./folder.ts";
import { type Connection, psql, psqlArguments, startPostgres, startup } from "./postgres.ts";
import { environment, find, finish } from "./run.ts";

/** GSSENCRequest, which psql sends only when it holds a Kerberos ticket. */
const gssRequest = Buffer.of(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30);

const noName =
  /FATAL: {2}The client speaks a protocol that carries no name.*\nHINT: {2}Connect to the address/;

test("psql", async (t) => {
  await using folder = await Folder.make();
  await using bareFolder = await Folder.make();
  const own = await ownCertificate("own.test");
  const certificate = {
    cert: await folder.write("server.crt", own.cert),
    key: await folder.write("server.key", own.key),
  };
  const port = await freePort();
  await using _secure = await startPostgres(folder, { host: "127.0.0.1", port }, certificate);
  await using _bare = await startPostgres(bareFolder, { host: "127.0.0.2", port });
  await using mux = await startMux({
    "db.test": `tcp://127.0.0.1:${port}`,
    "own.test": `tls://127.0.0.1:${port}`,
    "second.test": `tcp://127.0.0.2:${port}`,
    "bare.test": `tls://127.0.0.2:${port}`,
  });

  const ours = { sslmode: "verify-full", sslrootcert: mux.rootFile };
  const theirs = { sslmode: "verify-full", sslrootcert: certificate.cert };
  const byName = (host: string) => ({ host, hostaddr: "127.0.0.1", port: mux.port });
  const byAddress = (host: string) => ({ host, hostaddr: mux.addressOf(host), port: mux.port });

  await t.test("by name, verifies our certificate; the server is spoken to in the clear", async () => {
    const expected = { client: "TLS", server: "clear", address: "127.0.0.1" };
    assert.deepEqual(await ask({ ...byName("db.test"), ...ours }), expected);
    assert.deepEqual(await ask({ ...byName("db.test"), sslmode: "prefer" }), expected);
    const { seen, target } = await mux.report(({ route }) => route === "db.test");
    assert.deepEqual(seen, { by: "sni", name: "db.test" });
    assert.equal(target, `tcp://127.0.0.1:${port}`);
  });

  await t.test(
    "by the name of a passthrough, verifies the server's certificate, which binds its login",
    async () => {
      const connection = { ...byName("own.test"), ...theirs, channel_binding: "require" };
      assert.deepEqual(await ask(connection), { client: "TLS", server: "TLS", address: "127.0.0.1" });
      const { seen } = await mux.report(({ route }) => route === "own.test");
      assert.deepEqual(seen, { by: "sni", name: "own.test" });
      assert.match(await refusal({ ...byName("own.test"), ...ours }), /certificate verify failed/);
    },
  );

  await t.test("by a domain's own address, is served in the clear and with TLS", async () => {
    const inTheClear = { client: "clear", server: "clear", address: "127.0.0.1" };
    const ended = { ...inTheClear, client: "TLS" };
    assert.deepEqual(await ask({ ...byAddress("db.test"), sslmode: "disable" }), inTheClear);
    assert.deepEqual(await ask({ ...byAddress("db.test"), ...ours }), ended);
    assert.deepEqual(await ask({ ...byAddress("own.test"), sslmode: "disable" }), inTheClear);
    const passedThrough = { client: "TLS", server: "TLS", address: "127.0.0.1" };
    assert.deepEqual(await ask({ ...byAddress("own.test"), ...theirs }), passedThrough);
    // An address as host: no SNI is sent.
    const unnamed = { host: mux.addressOf("db.test"), port: mux.port, ...ours, sslmode: "verify-ca" };
    assert.deepEqual(await ask(unnamed), ended);
  });

  await t.test("tells two servers on the same port number apart by name and by address", async () => {
    for (const by of [byName, byAddress]) {
      assert.equal((await ask({ ...by("db.test"), ...ours })).address, "127.0.0.1");
      assert.equal((await ask({ ...by("second.test"), ...ours })).address, "127.0.0.2");
    }
  });

  await t.test("cancels a query at the domain's own address: such a request carries no name", async () => {
    const sleep = "do $$ begin raise notice 'it runs'; perform pg_sleep(60); end $$";
    const connection = { ...byAddress("db.test"), ...ours };
    const child = spawn(find("psql"), psqlArguments(connection, sleep), {
      env: environment,
      timeout: longestMilliseconds,
    });
    const finished = finish(child);
    await once(child.stderr, "data");
    child.kill("SIGINT");
    assert.match((await finished).errors, /it runs.*canceling statement due to user request/s);
  });

  await t.test("prints that TLS knows no such name, for a name without a route", async () => {
    assert.match(await refusal({ ...byName("none.test"), sslmode: "require" }), /tlsv1 unrecognized name/);
  });

  await t.test("in the clear, without a name, prints what is wrong and what to do", async () => {
    assert.match(await refusal({ ...byName("db.test"), sslmode: "disable" }), noName);
  });

  await t.test("is refused by the passthrough of a server without TLS, and the report says why", async () => {
    assert.match(await refusal({ ...byName("bare.test"), sslmode: "require" }), /alert internal error/);
    const { ending } = await mux.report(({ route, seen }) => route === "bare.test" && seen.by === "sni");
    assert.ok(ending.how === "refused");
    assert.equal(ending.problem.code, "target-without-tls");
    // At the address of its own it is the server itself that says so.
    const { errors } = await psql({ ...byAddress("bare.test"), sslmode: "require" });
    assert.match(errors, /server does not support SSL, but SSL was required/);
  });
});

/** Whether psql sees TLS, whether the server does, and at which address that is. */
async function ask(connection: Connection) {
  const ssl = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
  const { status, output, errors } = await psql(connection, "\\conninfo", ssl, "select inet_server_addr()");
  assert.equal(status, 0, errors);
  const [server, address] = output.trimEnd().split("\n").slice(-2);
  const client = /^SSL connection/m.test(output) ? "TLS" : "clear";
  return { client, server: server === "t" ? "TLS" : "clear", address };
}

/** What psql prints, which must not have come to a session. */
async function refusal(connection: Connection): Promise<string> {
  const { status, errors } = await psql(connection, "select 1");
  assert.equal(status, 2);
  return errors;
}

test("Clients that psql 15 is not", async (t) => {
  await using folder = await Folder.make();
  const port = await freePort();
  await using _server = await startPostgres(folder, { host: "127.0.0.1", port });
  await using mux = await startMux({ "db.test": `tcp://127.0.0.1:${port}` });

  for (const host of ["127.0.0.1", mux.addressOf("db.test")]) {
    await t.test(`one that asks for GSSAPI first, at ${host}, is told to go on without it`, async () => {
      const socket = await connect(mux.port, host);
      socket.write(gssRequest);
      assert.deepEqual(await read(socket, 1), Buffer.of(declined));
      socket.write(sslRequest);
      assert.deepEqual(await read(socket, 1), Buffer.of(granted));
      const secured = tls.connect({ socket, servername: "db.test", ca: mux.root });
      await once(secured, "secureConnect");
      await beginsToLogIn(secured);
    });

    await t.test(
      `one that begins with TLS at once (libpq 17), at ${host}, agrees on its protocol`,
      async () => {
        const socket = await connectTls(mux, "db.test", { host, ALPNProtocols: ["postgresql"] });
        assert.equal(socket.alpnProtocol, "postgresql");
        await beginsToLogIn(socket);
      },
    );
  }
});

/** The server answers a start-up message by asking for a login with SCRAM. */
async function beginsToLogIn(socket: net.Socket): Promise<void> {
  socket.write(startup);
  const answer = await read(socket, 24);
  assert.equal(answer.toString("latin1", 0, 1), "R");
  assert.match(answer.toString("latin1"), /SCRAM-SHA-256/);
  socket.destroy();
}
