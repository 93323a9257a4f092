/** The packaged extension in a real VS Code: its commands start the mux, show what it does, and stop it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Browser } from "../e2e/browser.ts";
import { run } from "../e2e/program.ts";
import { startTcp } from "../mux/support.ts";
import { authorityFile, environment } from "../sample/oneport.ts";
import { startWebService } from "../sample/services.ts";
import { CodeServer } from "./code-server.ts";
import { eventually } from "./eventually.ts";
import { Window } from "./window.ts";

test("Start Mux brings a service to its domain, Show Log tells of it, at Debug of each connection, and Stop Mux frees the port", async () => {
  await using web = await startWebService(0);
  await using server = await CodeServer.start();
  await using browser = await Browser.open([]);
  const folder = await server.makeFolder("shop", {
    "oneport.autoStart": false,
    "oneport.routes": { "shop.localhost": web.port },
  });
  await using window = await Window.open(browser, server, { folder });

  await window.command("Oneport: Start Mux");
  await eventually(async () => {
    const { output, errors } = await hello(`shop.localhost:${server.muxPort}`, server.stateDirectory);
    assert.equal(output, `Hello from the web service, asked as shop.localhost:${server.muxPort}\n`, errors);
  });

  await window.command("Oneport: Show Log");
  await eventually(async () => {
    assert.match(await window.outputText(), new RegExp(`Listening on port ${server.muxPort} `));
  });

  const connections = async () => (await window.outputText()).match(/TLS SNI shop\.localhost/g)?.length ?? 0;
  await hello(`shop.localhost:${server.muxPort}`, server.stateDirectory);
  assert.equal(await connections(), 0, "at the usual level");
  await window.command("Developer: Set Log Level...");
  await window.input.pick("Oneport");
  await window.input.pick("Debug");
  for (const expected of [1, 2]) {
    await hello(`shop.localhost:${server.muxPort}`, server.stateDirectory);
    await eventually(async () => assert.ok((await connections()) >= expected));
  }

  await window.command("Oneport: Stop Mux");
  await eventually(async () => {
    await using _free = await startTcp(() => undefined, { port: server.muxPort });
  });
});

/** Asks with curl, which trusts the authority and nobody else. */
async function hello(authority: string, stateDirectory: string) {
  const place = ["--resolve", `${authority}:127.0.0.1`, "--cacert", authorityFile(stateDirectory)];
  const options = ["--silent", "--show-error", "--max-time", "5"];
  return await run("curl", [...options, ...place, `https://${authority}/hello`], environment(stateDirectory));
}
