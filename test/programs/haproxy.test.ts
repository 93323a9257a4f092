/** HAProxy before Oneport and behind it: what the PROXY protocol tells of the client arrives. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ownCertificate } from "../mux/streams.ts";
import { freePort, startHttp, startMux, startTcp } from "../mux/support.ts";
import { curl } from "./curl.ts";
import { Folder } from "./folder.ts";
import { receiver, sender, startHaproxy } from "./haproxy.ts";
import { run } from "./run.ts";

/** Where the clients come from; HAProxy itself comes from 127.0.0.1. */
const clientAddress = "127.0.0.5";
const there = ["--interface", clientAddress];

for (const version of [1, 2] as const) {
  test(`HAProxy before Oneport, version ${version} of the PROXY protocol`, async (t) => {
    const arrived = Promise.withResolvers<void>();
    const ordinary = Promise.withResolvers<void>();
    await using web = await startHttp(async (request, response) => {
      if (request.url === "/first") {
        arrived.resolve();
        await ordinary.promise;
      }
      response.end(`${request.headers["x-forwarded-for"]} ${request.headers["x-forwarded-proto"]}`);
    });
    await using greeter = await startTcp((socket) => socket.end("hello\n"));
    await using mux = await startMux(
      { "web.test": web.port, "greeter.test": `tcp://127.0.0.1:${greeter.port}` },
      { acceptProxy: ["127.0.0.1"] },
    );
    await using folder = await Folder.make();
    const ports = { shared: await freePort(), own: await freePort() };
    const own = mux.addressOf("greeter.test");
    await using _haproxy = await startHaproxy(folder, [
      sender(version, ports.shared, `127.0.0.1:${mux.port}`),
      sender(version, ports.own, `${own}:${mux.port}`),
    ]);
    const through = { port: ports.shared };
    const trusting = ["--cacert", mux.rootFile];

    await t.test("tells where a client of TLS comes from, and where one of plain HTTP does", async () => {
      for (const http of ["--http1.1", "--http2"]) {
        const answer = await curl(through, ...there, ...trusting, http, "https://web.test/");
        assert.equal(answer, `${clientAddress} https`);
      }
      assert.equal(await curl(through, ...there, "http://web.test/"), `${clientAddress} http`);
      const { client } = await mux.report(({ seen }) => seen.by === "sni");
      assert.match(client, /^127\.0\.0\.5:\d+$/);
    });

    await t.test("tells it at a domain's own address, where the service speaks first", async () => {
      const { output, errors } = await run("nc", ["-s", clientAddress, "127.0.0.1", String(ports.own)]);
      assert.equal(output, "hello\n", errors);
      const { seen, client } = await mux.report(({ route }) => route === "greeter.test");
      assert.deepEqual(seen, { by: "address", name: own });
      assert.match(client, /^127\.0\.0\.5:\d+$/);
    });

    await t.test("leaves the port to ordinary clients too, from its own address and meanwhile", async () => {
      const proxied = curl(through, ...there, ...trusting, "https://web.test/first");
      await arrived.promise;
      assert.equal(await curl(mux, ...trusting, "https://web.test/"), "127.0.0.1 https");
      assert.equal(await curl(mux, "http://web.test/"), "127.0.0.1 http");
      assert.equal((await run("nc", [own, String(mux.port)])).output, "hello\n");
      ordinary.resolve();
      assert.equal(await proxied, `${clientAddress} https`);
    });
  });

  test(`HAProxy behind Oneport, version ${version} of the PROXY protocol`, async (t) => {
    await using folder = await Folder.make();
    const { cert, key } = await ownCertificate("own.test");
    const pair = await folder.write("own.pem", cert + key);
    const certificate = await folder.write("own.crt", cert);
    const ports = { clear: await freePort(), tls: await freePort(), before: await freePort() };
    await using mux = await startMux(
      {
        "edge.test": { to: `tcp://127.0.0.1:${ports.clear}`, sendProxy: version },
        "own.test": { to: `tls://127.0.0.1:${ports.tls}`, sendProxy: version },
      },
      { acceptProxy: ["127.0.0.1"] },
    );
    await using _haproxy = await startHaproxy(folder, [
      receiver(ports.clear),
      receiver(ports.tls, `ssl crt ${pair}`),
      sender(2, ports.before, `127.0.0.1:${mux.port}`),
    ]);
    const ours = ["--cacert", mux.rootFile];
    const theirs = ["--cacert", certificate];

    await t.test(
      "is told where the client comes from, by name and by address, with TLS and without",
      async () => {
        const own = { host: mux.addressOf("edge.test"), port: mux.port };
        for (const place of [mux, own]) {
          assert.equal(await curl(place, ...there, ...ours, "https://edge.test/"), clientAddress);
          assert.equal(await curl(place, ...there, "http://edge.test/"), clientAddress);
        }
      },
    );

    await t.test("is told so before the TLS that it ends itself", async () => {
      assert.equal(await curl(mux, ...there, ...theirs, "https://own.test/"), clientAddress);
    });

    await t.test("is told what another HAProxy before Oneport told", async () => {
      const through = { port: ports.before };
      assert.equal(await curl(through, ...there, ...ours, "https://edge.test/"), clientAddress);
      assert.equal(await curl(through, ...there, ...theirs, "https://own.test/"), clientAddress);
    });
  });
}
