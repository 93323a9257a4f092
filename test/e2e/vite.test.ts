/** Vite's development server behind Oneport: Chromium's page takes an edit without loading again. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Lines } from "../cli/oneport.ts";
import { freePort } from "../mux/support.ts";
import { Browser } from "./browser.ts";
import { Oneport } from "./oneport.ts";
import { begin } from "./program.ts";

const vite = fileURLToPath(new URL("../../node_modules/vite/bin/vite.js", import.meta.url));

const indexHtml = `<!doctype html>
<link rel="icon" href="data:,">
<h1></h1>
<script type="module" src="/main.js"></script>
`;
const mainJs = `import { text } from "./text.js";
const show = (text) => { document.querySelector("h1").textContent = text; };
show(text);
import.meta.hot.accept("./text.js", (edited) => show(edited.text));
`;
const textJs = (text: string) => `export const text = ${JSON.stringify(text)};\n`;

test("Vite, started without a setting of its own", async (t) => {
  await using project = await startVite();
  const { port: vitePort } = project;
  await using oneport = await Oneport.start({
    "app.localhost": vitePort,
    "blocked.shop.test": vitePort,
    "app.shop.test": { to: vitePort, hostHeader: `localhost:${vitePort}` },
  });
  await using browser = await Browser.open([oneport.rootFile]);
  const { port } = oneport;

  for (const [name, how] of [
    ["app.localhost", "as it is"],
    ["app.shop.test", 'by a "hostHeader"'],
  ] as const) {
    await t.test(`reloads its modules hot at ${name}, ${how}`, async () => {
      const page = await browser.page();
      const channels: string[] = [];
      page.on("websocket", (socket) => channels.push(new URL(socket.url()).origin));
      const connected = page.waitForEvent("console", (message) => message.text() === "[vite] connected.");
      await page.goto(`https://${name}:${port}/`);
      await connected;
      assert.deepEqual(channels, [`wss://${name}:${port}`]);
      await page.waitForSelector("h1:not(:empty)");
      await page.evaluate("globalThis.sameDocument = true");
      await project.say(`edited at ${name}`);
      await page.waitForSelector(`text=edited at ${name}`);
      assert.equal(await page.evaluate("globalThis.sameDocument"), true);
      await page.context().close();
    });
  }

  await t.test("answers to no other name on its own account", async () => {
    const page = await browser.page();
    const answer = await page.goto(`https://blocked.shop.test:${port}/`);
    assert.equal(answer?.status(), 403);
    assert.match(await page.innerText("body"), /This host \("blocked\.shop\.test"\) is not allowed/);
  });
});

/** A project in a folder of its own, with the server that `vite` starts there. */
async function startVite() {
  await using owned = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "oneport-vite-"));
  owned.defer(() => rm(folder, { recursive: true }));
  const write = (name: string, text: string) => writeFile(join(folder, name), text);
  await write("package.json", '{ "type": "module" }');
  await write("index.html", indexHtml);
  await write("main.js", mainJs);
  await write("text.js", textJs("unedited"));
  const port = await freePort();
  const { NODE_TEST_CONTEXT: _context, ...inherited } = process.env;
  // Vite colours its words wherever CI is set, pipe or not.
  const environment = { ...inherited, NO_COLOR: "1" };
  const options = ["--port", String(port), "--strictPort"];
  const server = owned.use(await begin(process.execPath, [vite, ...options], environment, folder));
  await new Lines(server.stdout).until(/Local:/);
  const running = owned.move();
  return {
    port,
    say: (text: string) => write("text.js", textJs(text)),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
