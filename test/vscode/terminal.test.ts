/** A terminal of a real VS Code, in which Node programs trust the authority. */
import assert from "node:assert/strict";
import { access, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Browser } from "../e2e/browser.ts";
import { startWebService } from "../sample/services.ts";
import { CodeServer } from "./code-server.ts";
import { eventually } from "./eventually.ts";
import { Window } from "./window.ts";

test("a Node program in a new terminal reaches a domain over HTTPS, and no longer when the setting is off", async () => {
  await using web = await startWebService(0);
  await using server = await CodeServer.start();
  await using browser = await Browser.open([]);
  const settings = { "oneport.autoStart": false, "oneport.routes": { localhost: web.port } };
  const folder = await server.makeFolder("shop", { ...settings, "oneport.terminal.trustAuthority": true });
  const address = `https://localhost:${server.muxPort}/hello`;
  const program = `console.log(await fetch("${address}").then((answer) => answer.text(), ({ cause }) => cause.code));`;
  await writeFile(join(folder, "ask.mjs"), program);
  await using window = await Window.open(browser, server, { folder });
  await window.command("Oneport: Start Mux");
  // The first handshake makes the authority.
  await eventually(async () => assert.notEqual(await asked(window, folder), "ECONNREFUSED"));
  await access(join(server.stateDirectory, "ca", "root.crt"));

  await eventually(async () => {
    const hello = `Hello from the web service, asked as localhost:${server.muxPort}`;
    assert.equal(await asked(window, folder), hello);
  });
  await writeFile(join(folder, ".vscode", "settings.json"), JSON.stringify(settings));
  await eventually(async () => {
    assert.equal(await asked(window, folder), "UNABLE_TO_GET_ISSUER_CERT_LOCALLY");
  });
});

/** What the program says in a terminal of its own. */
async function asked(window: Window, folder: string): Promise<string> {
  const said = join(folder, "said.txt");
  await rm(said, { force: true });
  await window.command("Terminal: Create New Terminal");
  await window.page.locator(".terminal-wrapper.active .xterm-helper-textarea:focus").waitFor();
  await window.page.keyboard.type(`"${process.execPath}" ask.mjs > said.part; mv said.part said.txt\n`);
  return await eventually(async () => (await readFile(said, "utf8")).trim());
}
