/** The walkthrough in a real VS Code: its pictures are shown, and a step is done when what it asks for has happened. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Browser } from "../e2e/browser.ts";
import { CodeServer } from "./code-server.ts";
import { eventually } from "./eventually.ts";
import { readTexts } from "./read-texts.ts";
import { Window } from "./window.ts";

const titles = [
  "Give a service a name",
  "Start the mux",
  "Make the names resolve",
  "Trust the authority",
  "Open it, and see how it is",
];

test("steps are done when what they ask for has happened, a browser waits for the mux, and each step has its picture", async () => {
  await using server = await CodeServer.start({ settings: { "oneport.autoStart": false } });
  await using browser = await Browser.open([]);
  const folder = await server.makeFolder("shop");
  await using window = await Window.open(browser, server, { folder });
  await window.command("Oneport: Open Walkthrough");
  const steps = window.page.locator(".getting-started-step");
  const done = async (...expected: readonly string[]) => {
    await eventually(async () => {
      const wanted = titles.map((title) => [title, String(expected.includes(title))]);
      assert.deepEqual(await readTexts(steps, [".step-title", "@aria-checked"]), wanted);
    });
  };

  await done();
  const routes = { "oneport.routes": { "shop.localhost": 3000 } };
  await writeFile(join(folder, ".vscode", "settings.json"), JSON.stringify(routes));
  await done("Give a service a name");
  await steps.locator(".step-title", { hasText: "Open it" }).click();
  await steps.getByText("Open in Browser…", { exact: true }).click();
  const { buttons } = await window.toasts.shown("the mux is not running");
  assert.deepEqual(buttons, ["Start Mux"]);
  await window.toasts.press("the mux is not running", "Start Mux");
  await done("Give a service a name", "Start the mux", "Open it, and see how it is");

  for (const [title, inPicture] of [
    ["Trust the authority", "*.home.arpa"],
    ["Make the names resolve", "127.77.13.7"],
  ] as const) {
    await steps.locator(".step-title", { hasText: title }).click();
    await window.webview(`svg text:text("${inPicture}")`);
  }
});
