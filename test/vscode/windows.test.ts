/** Several windows of a real VS Code that share one mux: one tree, and nobody hurt when the owner goes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemCode } from "../../src/core/errors.ts";
import { Browser } from "../e2e/browser.ts";
import { run } from "../e2e/program.ts";
import { authorityFile, environment } from "../sample/oneport.ts";
import { startWebService } from "../sample/services.ts";
import { CodeServer } from "./code-server.ts";
import { eventually } from "./eventually.ts";
import { Window } from "./window.ts";

test("Three windows share one port, and go on when the owner's window closes and its host is killed", async () => {
  await using web = await startWebService(0);
  await using server = await CodeServer.start();
  await using browser = await Browser.open([]);
  const open = async (name: string) => {
    const folder = await server.makeFolder(name, { "oneport.routes": { [`${name}.localhost`]: web.port } });
    const before = await server.extensionHosts();
    const window = await Window.open(browser, server, { folder });
    await serves(server, `${name}.localhost`);
    const host = (await server.extensionHosts()).find((pid) => !before.includes(pid));
    return { window, host };
  };

  const first = await open("one");
  const second = await open("two");
  const third = await open("three");
  await using _second = second.window;
  await using _third = third.window;
  for (const { window } of [second, third]) {
    await window.sideBar("Oneport");
    await eventually(async () => {
      const labels = (await window.view("Routes").rows()).map(({ label }) => label);
      for (const name of ["one", "two", "three"])
        assert.ok(labels.includes(`${name}.localhost`), `${labels}`);
    });
  }

  await first.window[Symbol.asyncDispose]();
  assert.ok(first.host);
  killIfThere(first.host);
  await serves(server, "two.localhost");
  await serves(server, "three.localhost");
  await eventually(async () => {
    const labels = (await third.window.view("Routes").rows()).map(({ label }) => label);
    assert.ok(!labels.includes("one.localhost"), `${labels}`);
  });

  assert.ok(second.host);
  process.kill(second.host, "SIGKILL");
  await serves(server, "three.localhost");
  // VS Code starts the host anew, and its window comes back to the others.
  await serves(server, "two.localhost");
});

/** The extension host of a window that was closed ends by itself, sooner or later. */
function killIfThere(processId: number): void {
  try {
    process.kill(processId, "SIGKILL");
  } catch (error) {
    if (systemCode(error) !== "ESRCH") throw error;
  }
}

async function serves(server: CodeServer, domain: string): Promise<void> {
  await eventually(async () => {
    const authority = `${domain}:${server.muxPort}`;
    const trust = ["--resolve", `${authority}:127.0.0.1`, "--cacert", authorityFile(server.stateDirectory)];
    const asked = ["--silent", "--show-error", "--max-time", "5", ...trust, `https://${authority}/hello`];
    const { output, errors } = await run("curl", asked, environment(server.stateDirectory));
    assert.match(output, /^Hello from the web service/, errors);
  });
}
