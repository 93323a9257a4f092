/** The language-model tools in a real VS Code, called by another extension as an agent calls them. */
import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Browser } from "../e2e/browser.ts";
import { startTcp } from "../mux/support.ts";
import { CodeServer, restrictedMode } from "./code-server.ts";
import { eventually } from "./eventually.ts";
import { Window } from "./window.ts";

const caller = fileURLToPath(new URL("fixtures/tool-caller/", import.meta.url));

interface Call {
  readonly name: string;
  readonly input: object;
}

/** Begins a call; what it answers comes in time. */
async function call(window: Window, folder: string, { name, input }: Call): Promise<void> {
  await rm(join(folder, "answer.json"), { force: true });
  await writeFile(join(folder, "call.json"), JSON.stringify({ name, input }));
  await window.command("Test: Call a Tool");
}

async function answer(
  folder: string,
): Promise<{ readonly texts?: readonly string[]; readonly error?: string }> {
  return await eventually(async () => JSON.parse(await readFile(join(folder, "answer.json"), "utf8")));
}

/** What a tool answered, which is one text of JSON. */
async function json(folder: string): Promise<unknown> {
  const { texts = [], error } = await answer(folder);
  assert.equal(texts.length, 1, error);
  return JSON.parse(texts[0] ?? "");
}

async function settingsOf(folder: string): Promise<unknown> {
  return JSON.parse(await readFile(join(folder, ".vscode", "settings.json"), "utf8"));
}

test("a model reads the routes, has them looked at, and adds one that the user agrees to", async () => {
  await using server = await CodeServer.start({ extensions: [caller] });
  await using browser = await Browser.open([]);
  const routes = { "shop.localhost": 3000, "bad.localhost": "localhost", "app.shop.test": 3001 };
  const settings = { "oneport.autoStart": false, "oneport.routes": routes };
  const folder = await server.makeFolder("shop", settings);
  await using window = await Window.open(browser, server, { folder });

  await call(window, folder, { name: "oneport_list_routes", input: {} });
  const listed = await json(folder);
  assert.partialDeepStrictEqual(listed, {
    mux: { phase: "stopped" },
    routes: [
      { domain: "shop.localhost", state: "unknown", targets: [{ url: "http://localhost:3000" }] },
      { domain: "bad.localhost", state: "broken" },
      { domain: "app.shop.test", state: "unknown" },
    ],
  });

  await call(window, folder, { name: "oneport_diagnose", input: {} });
  const findings = await json(folder);
  assert.ok(Array.isArray(findings) && findings.some((finding) => finding.subject === "shop.localhost"));
  const remedies = findings.map(({ remedy }) => String(remedy)).join(" ");
  assert.match(remedies, /Run "Oneport: Update Hosts File…"/);
  assert.doesNotMatch(remedies, /"oneport /);

  const api = { domain: "API.localhost", target: "http://localhost:4000/" };
  await call(window, folder, { name: "oneport_add_route", input: api });
  const question = await window.dialog.shown();
  assert.equal(question.message, "Add a route to Oneport?");
  assert.match(question.detail, /"api\.localhost": "http:\/\/localhost:4000"/);
  assert.ok(question.detail.includes(join(folder, ".vscode", "settings.json")), question.detail);
  assert.deepEqual(await settingsOf(folder), settings);
  await window.dialog.press("Yes");
  assert.partialDeepStrictEqual(await json(folder), {
    written: { "api.localhost": "http://localhost:4000" },
  });
  const written = { ...settings, "oneport.routes": { ...routes, "api.localhost": "http://localhost:4000" } };
  assert.deepEqual(await settingsOf(folder), written);

  await call(window, folder, { name: "oneport_add_route", input: { ...api, target: 1 } });
  assert.match((await answer(folder)).error ?? "", /have a route for api\.localhost already/);

  await call(window, folder, { name: "oneport_add_route", input: { ...api, target: 1, replace: true } });
  const replacing = await window.dialog.shown();
  assert.equal(replacing.message, "Replace a route of Oneport?");
  assert.match(
    replacing.detail,
    /"api\.localhost": 1in place of"api\.localhost": "http:\/\/localhost:4000"$/,
  );
  await window.dialog.press("Cancel");
  assert.ok((await answer(folder)).error);
  assert.deepEqual(await settingsOf(folder), written);
});

test("in Restricted Mode no route is added, nobody is asked, and a diagnosis says why routes do not act", async () => {
  await using server = await CodeServer.start({
    extensions: [caller],
    settings: {
      ...restrictedMode,
      "security.workspace.trust.banner": "never",
    },
  });
  await using browser = await Browser.open([]);
  const settings = { "oneport.routes": { "theirs.localhost": 3000 } };
  const folder = await server.makeFolder("shop", settings);
  await using window = await Window.open(browser, server, { folder });
  const input = { domain: "shop.localhost", target: 3000, where: "user" };
  await call(window, folder, { name: "oneport_add_route", input });
  assert.match((await answer(folder)).error ?? "", /Restricted Mode/);
  assert.deepEqual(await settingsOf(folder), settings);

  await call(window, folder, { name: "oneport_diagnose", input: {} });
  const findings = await json(folder);
  assert.ok(Array.isArray(findings));
  const about = findings.filter(({ subject }) => subject === "theirs.localhost");
  assert.deepEqual(
    about.map(({ state, message }) => [state, message]),
    [["wrong", "Its route does not act, because this window is in Restricted Mode."]],
  );
});

test("a model that reads the routes is told how the services are just then, though nobody sees the tree", async () => {
  await using server = await CodeServer.start({ extensions: [caller] });
  await using browser = await Browser.open([]);
  await using running = new AsyncDisposableStack();
  const service = running.use(await startTcp(() => undefined));
  const routes = { "db.localhost": `tcp://localhost:${service.port}` };
  const folder = await server.makeFolder("shop", { "oneport.routes": routes });
  await using window = await Window.open(browser, server, { folder });
  await eventually(async () => assert.match((await window.statusBar())[0]?.text ?? "", /^Oneport :\d+/));
  // On a busy machine a service's answer can come after the tool's own, and counts the next time.
  const told = (state: string) =>
    eventually(async () => {
      await call(window, folder, { name: "oneport_list_routes", input: {} });
      assert.partialDeepStrictEqual(await json(folder), { routes: [{ domain: "db.localhost", state }] });
    });
  await told("up");
  await running.disposeAsync();
  await told("down");
});
