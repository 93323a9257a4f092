/** The walkthrough in a real VS Code: its pictures are shown, and its steps are done when what they ask for has happened. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Browser } from "../e2e/browser.ts";
import { startWebService } from "../sample/services.ts";
import { CodeServer } from "./code-server.ts";
import { eventually } from "./eventually.ts";
import { readTexts } from "./read-texts.ts";
import { Window } from "./window.ts";

test("each step has its picture, and those that were done are marked", async () => {
  await using web = await startWebService(0);
  await using server = await CodeServer.start({ settings: { "oneport.autoStart": false } });
  await using browser = await Browser.open([]);
  const folder = await server.makeFolder("shop", { "oneport.routes": { "shop.localhost": web.port } });
  await using window = await Window.open(browser, server, { folder });
  await window.command("Oneport: Start Mux");
  await window.command("Oneport: Open Walkthrough");

  const steps = window.page.locator(".getting-started-step");
  await eventually(async () => {
    assert.deepEqual(await readTexts(steps, [".step-title", "@aria-checked"]), [
      ["Give a service a name", "true"],
      ["Start the mux", "true"],
      ["Make the names resolve", "false"],
      ["Trust the authority", "false"],
      ["Open it, and see how it is", "false"],
    ]);
  });
  for (const [title, inPicture] of [
    ["Trust the authority", "*.home.arpa"],
    ["Make the names resolve", "127.77.13.7"],
  ] as const) {
    await steps.locator(".step-title", { hasText: title }).click();
    await window.webview(`svg text:text("${inPicture}")`);
  }
});
