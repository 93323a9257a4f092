/** nginx behind Oneport with a certificate of its own, and nginx's streams before and behind it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ownCertificate } from "../mux/streams.ts";
import { freePort, startHttp, startMux } from "../mux/support.ts";
import { curl } from "./curl.ts";
import { Folder } from "./folder.ts";
import { startNginx } from "./nginx.ts";
import { run } from "./run.ts";

const clientAddress = "127.0.0.5";

test("nginx", async (t) => {
  await using folder = await Folder.make();
  const own = await ownCertificate("own.test");
  const cert = await folder.write("own.crt", own.cert);
  const key = await folder.write("own.key", own.key);
  await using web = await startHttp(({ headers }, response) => response.end(headers["x-forwarded-for"]));
  const ports = { secure: await freePort(), receiver: await freePort(), sender: await freePort() };
  await using mux = await startMux(
    {
      "own.test": `tls://127.0.0.1:${ports.secure}`,
      "receiver.test": { to: `tcp://127.0.0.1:${ports.receiver}`, sendProxy: 1 },
      "web.test": web.port,
    },
    { acceptProxy: ["127.0.0.1"] },
  );
  const secure = `server {
    listen 127.0.0.1:${ports.secure} ssl http2;
    ssl_certificate ${cert};
    ssl_certificate_key ${key};
    return 200 "$ssl_server_name over $server_protocol";
  }`;
  const streams = `server {
    listen 127.0.0.1:${ports.receiver} proxy_protocol;
    return "$proxy_protocol_addr";
  }
  server {
    listen 127.0.0.1:${ports.sender};
    proxy_pass 127.0.0.1:${mux.port};
    proxy_protocol on;
  }`;
  await using _nginx = await startNginx(folder, secure, streams);

  for (const [where, host] of [
    ["by name", "127.0.0.1"],
    ["at its own address", mux.addressOf("own.test")],
  ] as const) {
    await t.test(`shows curl its own certificate ${where}, and agrees with it on HTTP/2`, async () => {
      const place = { host, port: mux.port };
      for (const [option, protocol] of [
        ["--http1.1", "HTTP/1.1"],
        ["--http2", "HTTP/2.0"],
      ] as const) {
        const answer = await curl(place, "--cacert", cert, option, "https://own.test/");
        assert.equal(answer, `own.test over ${protocol}`);
      }
      await assert.rejects(curl(place, "--cacert", mux.rootFile, "https://own.test/"), /certificate/);
    });
  }

  await t.test("as a stream behind Oneport, is told where the client comes from", async () => {
    const host = mux.addressOf("receiver.test");
    const { output, errors } = await run("nc", ["-s", clientAddress, host, String(mux.port)]);
    assert.equal(output, clientAddress, errors);
  });

  await t.test("as a stream before Oneport, tells where the client comes from", async () => {
    const through = { port: ports.sender };
    const options = ["--interface", clientAddress, "--cacert", mux.rootFile];
    assert.equal(await curl(through, ...options, "https://web.test/"), clientAddress);
  });
});
