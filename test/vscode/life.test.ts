/** How the mux lives with its window in a real VS Code: reloads, crashes, several folders, Restricted Mode, the user's settings. */
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Browser } from "../e2e/browser.ts";
import { run } from "../e2e/program.ts";
import { freePort, startTcp } from "../mux/support.ts";
import { authorityFile, environment } from "../sample/oneport.ts";
import { startWebService } from "../sample/services.ts";
import { CodeServer, restrictedMode } from "./code-server.ts";
import { eventually } from "./eventually.ts";
import { OtherVersion } from "./other-version.ts";
import { Window } from "./window.ts";

const started = /^Oneport :\d+/;

/** Is the domain's service reached, with nobody but the authority trusted? */
async function serves(server: CodeServer, domain: string): Promise<void> {
  const authority = `${domain}:${server.muxPort}`;
  const trust = ["--resolve", `${authority}:127.0.0.1`, "--cacert", authorityFile(server.stateDirectory)];
  const asked = ["--silent", "--show-error", "--max-time", "5", ...trust, `https://${authority}/hello`];
  try {
    await eventually(async () => {
      const { output, errors } = await run("curl", asked, environment(server.stateDirectory));
      assert.match(output, /^Hello from the web service/, errors);
    });
  } catch (error) {
    throw new Error(`${domain} is not served. ${await server.log()}`, { cause: error });
  }
}

async function isFree(server: CodeServer): Promise<void> {
  await eventually(async () => {
    await using _free = await startTcp(() => undefined, { port: server.muxPort });
  });
}

/**
 * An extension host that a reload has left behind lives on for a while, and is another window until then: so the window may ask for
 * whom, and the port may be free for a moment before it is stopped.
 */
async function stopMux(window: Window, server: CodeServer): Promise<void> {
  await window.command("Oneport: Stop Mux");
  await eventually(async () => {
    if (await window.dialog.isShown()) await window.dialog.press("Everywhere");
    const [item] = await window.statusBar();
    assert.equal(item?.ariaLabel, "Oneport is stopped.");
  });
  await isFree(server);
}

async function statusIs(window: Window, text: RegExp): Promise<void> {
  await eventually(async () => {
    const [item] = await window.statusBar();
    assert.match(item?.text ?? "", text);
  });
}

/** Waits until what the user did is in the browser's own storage: VS Code writes it there some time later, or not at all if it is reloaded before. */
async function remembers(window: Window, isRunning: boolean): Promise<void> {
  const stored = `(async () => {
    const answer = (request) => new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const all = [];
    for (const { name } of await indexedDB.databases()) {
      if (!name.startsWith("vscode-web-state-db")) continue;
      const database = await answer(indexedDB.open(name));
      all.push(...(await answer(database.transaction("ItemTable").objectStore("ItemTable").getAll())));
      database.close();
    }
    return all.join("\\n");
  })()`;
  await eventually(async () => {
    const texts = String(await window.page.evaluate(stored));
    assert.ok(texts.includes(`"oneport.isWanted":${isRunning}`));
  });
}

test("A trusted folder with routes starts by itself, and comes back after a reload and a crash", async () => {
  await using web = await startWebService(0);
  await using server = await CodeServer.start();
  await using browser = await Browser.open([]);
  const routes = { "shop.localhost": web.port };
  const folder = await server.makeFolder("auto", { "oneport.routes": routes });
  await using window = await Window.open(browser, server, { folder });
  await serves(server, "shop.localhost");
  await window.reload();
  await serves(server, "shop.localhost");

  const [host, ...others] = (await server.extensionHosts()).reverse();
  assert.ok(host !== undefined, `No extension host among ${others.length}.`);
  process.kill(host, "SIGKILL");
  await eventually(async () => assert.ok(!(await server.extensionHosts()).includes(host)));
  await serves(server, "shop.localhost");
  await statusIs(window, started);

  await stopMux(window, server);
  await remembers(window, false);
  await window.reload();
  await statusIs(window, /^Oneport$/);
  await isFree(server);
});

test("A start that nobody asked for is not repeated once autoStart is off, and one by hand is", async () => {
  await using web = await startWebService(0);
  await using server = await CodeServer.start();
  await using browser = await Browser.open([]);
  const routes = { "shop.localhost": web.port };
  const folder = await server.makeFolder("manual", { "oneport.routes": routes });
  await using window = await Window.open(browser, server, { folder });
  await serves(server, "shop.localhost");
  const change = (more: object) =>
    writeFile(
      join(folder, ".vscode", "settings.json"),
      JSON.stringify({ "oneport.autoStart": false, "oneport.routes": { ...routes, ...more } }),
    );
  await change({});
  await window.reload();
  // At each change of the routes that comes so soon it would start, if it were to.
  await change({ "later.localhost": web.port });
  await window.routesWith("later.localhost");
  const [item] = await window.statusBar();
  assert.equal(item?.ariaLabel, "Oneport is stopped.");

  await window.command("Oneport: Start Mux");
  await remembers(window, true);
  await window.reload();
  await statusIs(window, started);
  await serves(server, "shop.localhost");
});

test("A mistake is underlined where it is, and the other routes work", async () => {
  await using web = await startWebService(0);
  await using server = await CodeServer.start();
  await using browser = await Browser.open([]);
  const routes = { "shop.localhost": web.port };
  const folder = await server.makeFolder("mistake", {
    "oneport.routes": { ...routes, "bad.localhost": { to: web.port, holdd: 3 } },
  });
  await using window = await Window.open(browser, server, { folder });
  await serves(server, "shop.localhost");
  const file = join(folder, ".vscode", "settings.json");
  await window.openFile(file);
  await eventually(async () => {
    const problems = await window.problems();
    assert.ok(
      problems.some((problem) => /holdd.*line 6/s.test(problem)),
      problems.join("\n"),
    );
  });
  await writeFile(file, JSON.stringify({ "oneport.routes": { ...routes, "good.localhost": web.port } }));
  await serves(server, "good.localhost");
});

test("Routes of two folders stand in groups, and the first keeps a domain that both have", async () => {
  await using web = await startWebService(0);
  await using server = await CodeServer.start();
  await using browser = await Browser.open([]);
  const routes = { "shop.localhost": web.port };
  const one = await server.makeFolder("one", {
    "oneport.routes": { ...routes, "both.localhost": web.port },
  });
  const two = await server.makeFolder("two", { "oneport.routes": { "both.localhost": 9 } });
  const workspace = join(server.scratch, "both.code-workspace");
  await writeFile(workspace, JSON.stringify({ folders: [{ path: one }, { path: two }] }));
  await using window = await Window.open(browser, server, { workspace });
  await window.routesWith("one");
  const view = await window.routesWith("two");
  await serves(server, "both.localhost");
  await eventually(async () => {
    const both = (await view.rows()).filter(({ label }) => label === "both.localhost");
    assert.equal(both.length, 2);
    assert.match(both[0]?.ariaLabel ?? "", /, up,/);
    assert.match(both[1]?.ariaLabel ?? "", /one/);
  });
});

test("A folder with routes that is added to a window starts by itself", async () => {
  await using web = await startWebService(0);
  await using server = await CodeServer.start();
  await using browser = await Browser.open([]);
  const plain = await server.makeFolder("plain");
  const shop = await server.makeFolder("shop", { "oneport.routes": { "shop.localhost": web.port } });
  const workspace = join(server.scratch, "growing.code-workspace");
  await writeFile(workspace, JSON.stringify({ folders: [{ path: plain }] }));
  await using window = await Window.open(browser, server, { workspace });
  // Then the extension is active, and has found no routes.
  await window.command("Oneport: Show Log");
  await writeFile(workspace, JSON.stringify({ folders: [{ path: plain }, { path: shop }] }));
  await serves(server, "shop.localhost");
});

test("A route of the user's settings acts in every window, without a folder too", async () => {
  await using web = await startWebService(0);
  await using server = await CodeServer.start();
  await using browser = await Browser.open([]);
  await server.setUserSettings({ "oneport.routes": { "mine.localhost": web.port } });
  await using window = await Window.open(browser, server, "empty");
  await window.command("Oneport: Start Mux");
  await serves(server, "mine.localhost");
  await window.command("Oneport: Stop Mux");
  await isFree(server);
});

test("In Restricted Mode a folder's routes are shown, and do nothing until it is trusted", async () => {
  await using web = await startWebService(0);
  await using server = await CodeServer.start({
    settings: {
      ...restrictedMode,
      "oneport.routes": { "mine.localhost": web.port },
    },
  });
  await using browser = await Browser.open([]);
  const folder = await server.makeFolder("stranger", { "oneport.routes": { "theirs.localhost": web.port } });
  await using window = await Window.open(browser, server, { folder });
  await window.command("Oneport: Start Mux");
  await serves(server, "mine.localhost");
  await window.sideBar("Oneport");
  const view = window.view("Routes");
  await view.row("Restricted Mode");
  assert.match((await view.row("theirs.localhost")).ariaLabel, /not trusted|Restricted/i);
  const refused = await run(
    "curl",
    ["--silent", "--insecure", "--max-time", "5", `https://theirs.localhost:${server.muxPort}/`],
    environment(server.stateDirectory),
  );
  assert.notEqual(refused.status, 0);
});

test("In Restricted Mode the routes of a .code-workspace file are shown beside those of its folders", async () => {
  await using server = await CodeServer.start({ settings: restrictedMode });
  await using browser = await Browser.open([]);
  const folder = await server.makeFolder("cloned", { "oneport.routes": { "folder.localhost": 3000 } });
  const workspace = join(server.scratch, "cloned.code-workspace");
  const settings = { "oneport.routes": { "shared.localhost": 3001 } };
  await writeFile(workspace, JSON.stringify({ folders: [{ path: folder }], settings }));
  await using window = await Window.open(browser, server, { workspace });
  const view = await window.routesWith("folder.localhost");
  for (const label of ["folder.localhost", "shared.localhost"]) {
    assert.match((await view.row(label)).description, /in Restricted Mode$/);
  }
});

test("A folder with routes starts by itself when its user comes to trust it", async () => {
  await using web = await startWebService(0);
  await using server = await CodeServer.start({ settings: restrictedMode });
  await using browser = await Browser.open([]);
  const folder = await server.makeFolder("cloned", { "oneport.routes": { "shop.localhost": web.port } });
  await using window = await Window.open(browser, server, { folder });
  await statusIs(window, /^Oneport$/);
  await window.command("Workspaces: Manage Workspace Trust");
  await window.page
    .locator(".workspace-trust-editor")
    .getByRole("button", { name: "Trust", exact: true })
    .click();
  await serves(server, "shop.localhost");
  await statusIs(window, started);
});

test("Another program on the port is named, and the actions that help are offered and lead there", async () => {
  await using web = await startWebService(0);
  await using stranger = await startTcp(() => undefined);
  await using server = await CodeServer.start({ muxPort: stranger.port });
  await using browser = await Browser.open([]);
  const folder = await server.makeFolder("taken", {
    "oneport.autoStart": false,
    "oneport.routes": { "shop.localhost": web.port },
  });
  await mkdir(server.stateDirectory, { recursive: true });
  await using window = await Window.open(browser, server, { folder });
  await window.command("Oneport: Start Mux");
  const toast = await window.toasts.shown(`Port ${stranger.port}`);
  assert.match(toast.message, new RegExp(`pid ${process.pid}`));
  assert.deepEqual(toast.buttons, ["Try Again", "Change Port", "Show Log"]);
  assert.match(await readFile(server.machineSettingsFile, "utf8"), new RegExp(`${stranger.port}`));

  const setting = (key: string) =>
    window.page.locator(`.settings-editor .setting-item-contents[data-key="oneport.${key}"]`).waitFor();
  await window.toasts.press(`Port ${stranger.port}`, "Change Port");
  await setting("port");
  await window.key("Control+W");
  await window.command("Oneport: Open Settings");
  await setting("port");
  await setting("autoStart");
});

test("A port that is changed again while the mux starts on the first one is where it runs in the end", async () => {
  await using web = await startWebService(0);
  await using server = await CodeServer.start();
  await using browser = await Browser.open([]);
  const folder = await server.makeFolder("moving", { "oneport.routes": { "shop.localhost": web.port } });
  await using window = await Window.open(browser, server, { folder });
  await serves(server, "shop.localhost");
  await using stranger = await startTcp(() => undefined);
  const last = await freePort();
  {
    // A start on that port takes as long as this one stays.
    await using older = await OtherVersion.own(server.stateDirectory, stranger.port, "older");
    await writeFile(server.machineSettingsFile, JSON.stringify({ "oneport.port": stranger.port }));
    await older.asked();
    const settings = { "oneport.port": last, "oneport.routes": { "later.localhost": web.port } };
    await writeFile(server.machineSettingsFile, JSON.stringify(settings));
    await window.routesWith("later.localhost");
  }
  await statusIs(window, new RegExp(`^Oneport :${last}`));
  assert.deepEqual(await window.toasts.all(), []);
});

test("A mux that could not go on says why, and is started again from there", async () => {
  await using web = await startWebService(0);
  await using server = await CodeServer.start();
  await using browser = await Browser.open([]);
  const folder = await server.makeFolder("older", { "oneport.routes": { "shop.localhost": web.port } });
  await using window = await Window.open(browser, server, { folder });
  await serves(server, "shop.localhost");
  {
    await using _newer = await OtherVersion.takeOver(server.stateDirectory, server.muxPort);
    const toast = await window.toasts.shown("newer version");
    assert.deepEqual(toast.buttons, ["Try Again", "Show Log"]);
    const [item] = await window.statusBar();
    assert.match(item?.ariaLabel ?? "", /^Oneport is stopped: .*newer version/);
  }
  await window.toasts.press("newer version", "Try Again");
  await serves(server, "shop.localhost");
});

test("A mux whose thread dies says why, in the log too", async () => {
  await using server = await CodeServer.start();
  await using browser = await Browser.open([]);
  const folder = await server.makeFolder("dead", {
    "oneport.autoStart": false,
    "oneport.routes": { "shop.localhost": 3000 },
  });
  const extensions = join(server.scratch, "extensions");
  const installed = (await readdir(extensions)).find((name) => name.startsWith("oneport.oneport-"));
  await writeFile(join(extensions, installed ?? "", "dist", "worker.cjs"), 'throw new Error("out of luck");');
  await using window = await Window.open(browser, server, { folder });
  await window.command("Oneport: Start Mux");
  const toast = await window.toasts.shown("out of luck");
  assert.deepEqual(toast.buttons, ["Try Again", "Show Log"]);
  await eventually(async () => assert.match(await server.log(), /\[error\] .*out of luck/));
});
