/** Routes that are edited while real clients are connected. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { Lines } from "../cli/oneport.ts";
import { startHttp } from "../mux/support.ts";
import { startLineService } from "../sample/services.ts";
import { Oneport } from "./oneport.ts";
import { begin, run } from "./program.ts";

const curlOptions = ["--disable", "--silent", "--show-error", "--noproxy", "*", "--max-time", "20"];

/** The body at `/` of a name, by a connection of its own. */
async function get(oneport: Oneport, name: string): Promise<string> {
  const { rootFile, environment, port } = oneport;
  const options = [...curlOptions, "--cacert", rootFile, `https://${name}:${port}/`];
  const { output, errors } = await run("curl", options, environment);
  assert.equal(errors, "");
  return output;
}

for (const version of ["--http1.1", "--http2"]) {
  test(`a download with ${version.slice(2)} goes on while its route leads elsewhere already`, async () => {
    const halves = [randomBytes(3_000_000), randomBytes(3_000_000)] as const;
    const asked = Promise.withResolvers<ServerResponse>();
    await using one = await startHttp((_request, response) => {
      response.write(halves[0]);
      asked.resolve(response);
    });
    await using two = await startHttp((_request, response) => response.end("the other service"));
    await using oneport = await Oneport.start({ "shop.localhost": one.port });
    const { rootFile, environment, port } = oneport;
    const download = [version, "--no-buffer", "--cacert", rootFile, `https://shop.localhost:${port}/`];
    await using curl = await begin("curl", [...curlOptions, ...download], environment);
    const downloaded = buffer(curl.stdout);
    const response = await asked.promise;

    await oneport.edit({ "shop.localhost": two.port });
    assert.equal(await get(oneport, "shop.localhost"), "the other service");
    response.end(halves[1]);
    assert.equal(digest(await downloaded), digest(Buffer.concat(halves)));
    assert.equal(await curl.ended, 0);
  });
}

test("a session over TCP goes on when its route is gone, and no new one begins", async () => {
  await using lines = await startLineService(0);
  await using oneport = await Oneport.start({ "lines.localhost": `tcp://localhost:${lines.port}` });
  const { rootFile, environment, port } = oneport;
  const place = ["-connect", `127.0.0.1:${port}`, "-servername", "lines.localhost", "-CAfile", rootFile];
  const client = ["s_client", ...place, "-quiet", "-verify_quiet"];
  await using session = await begin("openssl", client, environment);
  const heard = new Lines(session.stdout);
  session.stdin.write("one\n");
  await heard.until(/^ONE$/);

  await oneport.edit({});
  const refused = await run("openssl", client, environment);
  assert.match(refused.errors, /unrecognized name/);
  session.stdin.write("two\n");
  assert.equal(await heard.next(), "TWO");
  session.stdin.write("bye\n");
  assert.equal(await heard.next(), "BYE");
  await session.ended;
});

test("garbage in the settings is told with its place, and the routes stay", async () => {
  await using one = await startHttp((_request, response) => response.end("one"));
  await using two = await startHttp((_request, response) => response.end("two"));
  await using oneport = await Oneport.start({ "a.localhost": one.port });
  await oneport.save(`{\n  "oneport.routes": { "a.localhost": ${two.port}, "b.localhost": \n`);
  assert.match(await oneport.errors.next(), /settings\.json:\d+:\d+: .*The last good routes stay/);
  assert.equal(await get(oneport, "a.localhost"), "one");
  await oneport.edit({ "a.localhost": two.port });
  assert.equal(await get(oneport, "a.localhost"), "two");
});

function digest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
