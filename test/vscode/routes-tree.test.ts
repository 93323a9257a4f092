/** The tree of routes in a real VS Code: what rows say as services come and go, and what their menus do. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Browser } from "../e2e/browser.ts";
import { longestMilliseconds } from "../e2e/program.ts";
import { startTcp } from "../mux/support.ts";
import { environment, finish } from "../programs/run.ts";
import { startWebService } from "../sample/services.ts";
import { CodeServer } from "./code-server.ts";
import { eventually } from "./eventually.ts";
import { Window } from "./window.ts";

const shop = "shop.localhost";
const echo = "echo.localhost";
/** Of the times in /proc, on every Linux that people use. */
const ticksPerSecond = 100;

test("The tree of routes", async (t) => {
  let web = await startWebService(0);
  const { port } = web;
  await using _web = { [Symbol.asyncDispose]: () => web[Symbol.asyncDispose]() };
  await using echoed = await startTcp((socket) => socket.once("data", (words) => socket.end(words)));
  await using server = await CodeServer.start();
  await using browser = await Browser.open([]);
  const folder = await server.makeFolder("shop", {
    "oneport.autoStart": false,
    "oneport.routes": {
      [shop]: port,
      [echo]: `tcp://localhost:${echoed.port}`,
      "live.localhost": `ws://localhost:${port}/live`,
      "broken.localhost": "localhost:3000",
      "off.localhost": { to: 3000, enabled: false },
      "*.preview.localhost": port,
    },
  });
  await using window = await Window.open(browser, server, { folder });
  await window.sideBar("Oneport");
  const view = window.view("Routes");
  const heading = () => window.page.locator(".sidebar .composite.title h2").innerText();
  const settingsFile = join(folder, ".vscode", "settings.json");
  const settings = async () => readFile(settingsFile, "utf8");

  /** Waits until no row's tooltip is in the way: the mouse goes to where the workbench itself sees it. */
  async function calm(): Promise<void> {
    await window.page.locator(".part.statusbar").hover();
    await window.page.locator(".workbench-hover").first().waitFor({ state: "hidden" });
  }

  async function choose(label: string, item: string): Promise<void> {
    await calm();
    await view.choose(label, item);
  }

  async function shows(label: string, description: RegExp, icon: string, ariaLabel: RegExp): Promise<void> {
    await eventually(async () => {
      const row = await view.row(label);
      assert.match(row.description, description);
      assert.equal(row.icon, icon);
      assert.match(row.ariaLabel, ariaLabel);
    });
  }

  await t.test("shows routes and their states before the mux runs", async () => {
    await eventually(async () => assert.match(await heading(), /Routes \(stopped\)$/i));
    await shows(shop, new RegExp(`^→ localhost:${port}$`), "globe", /web, not checked, goes to localhost/);
    await shows(echo, /^→ localhost:\d+$/, "server", /TCP/);
    await shows("live.localhost", /\/live$/, "plug", /WebSocket/);
    await shows("broken.localhost", /is not a URL/, "error", /not valid/);
    await shows("off.localhost", /· disabled$/, "circle-slash", /disabled/);
  });

  await t.test("shows a service up, down when it dies, and up when it returns", async () => {
    await window.command("Oneport: Start Mux");
    await eventually(async () => assert.match(await heading(), new RegExp(`Routes :${server.muxPort}$`)));
    await shows(shop, /^→ localhost:\d+$/, "globe", /, up,/);
    await web[Symbol.asyncDispose]();
    await shows(shop, /· down$/, "arrow-circle-down", /, down,/);
    web = await startWebService(port);
    await shows(shop, /^→ localhost:\d+$/, "globe", /, up,/);
  });

  await t.test("shows targets and open connections below a route", async () => {
    await using _open = await connection(server.muxPort);
    await view.click("*.preview.localhost");
    await eventually(async () => {
      assert.match((await view.row(`http://localhost:${port}`)).ariaLabel, /^Target .*, up$/);
    });
    await eventually(async () =>
      assert.match((await view.row("*.preview.localhost")).description, /· 1 open$/),
    );
    const labels = (await view.rows()).map(({ label }) => label);
    assert.ok(
      labels.some((label) => /^127\.0\.0\.1:\d+$/.test(label)),
      labels.join(),
    );
    await view.click("*.preview.localhost");
  });

  await t.test("offers for each kind of route what can be done with it", async () => {
    const edits = [
      "Edit Route…",
      "Change Target…",
      "Duplicate…",
      "Disable",
      "Reveal in settings.json",
      "Remove Route…",
    ];
    const items = async (label: string) => {
      await calm();
      const all = await view.contextMenu(label);
      await window.key("Escape");
      return all.filter((item) => item !== "");
    };
    assert.deepEqual(await items(shop), [
      ...["Open in Browser…", "Open in Simple Browser", "Copy URL…", "Copy curl Command", ...edits],
    ]);
    assert.deepEqual(await items(echo), ["Copy URL…", "Copy openssl Command", ...edits]);
    assert.deepEqual(await items("*.preview.localhost"), edits);
    assert.deepEqual(
      await items("off.localhost"),
      edits.map((item) => (item === "Disable" ? "Enable" : item)),
    );
  });

  /** Chooses an item of a row's menu that copies, and gives what was copied. */
  async function copied(label: string, item: string, expected: RegExp): Promise<string> {
    await choose(label, item);
    return eventually(async () => {
      const text = await window.clipboard();
      assert.match(text, expected);
      return text;
    });
  }

  await t.test("copies a URL, and a curl command that works when it is pasted into a shell", async () => {
    assert.equal(await copied(shop, "Copy URL…", /shop/), `https://${shop}:${server.muxPort}/`);
    const line = await copied(shop, "Copy curl Command", /^curl .*shop/);
    const { output, errors } = await shell(line);
    assert.match(output, /<h1>Hello from /, errors);
  });

  await t.test("copies for a TCP route a command that reaches it", async () => {
    const line = await copied(echo, "Copy openssl Command", /^openssl /);
    assert.equal((await shell(line, "hello\n")).output, "hello\n");
    assert.equal(await copied(echo, "Copy URL…", /^echo/), `${echo}:${server.muxPort}`);
    await view.inlineAction(echo, "Copy Connect Command");
    await eventually(async () => assert.equal(await window.clipboard(), line));
  });

  await t.test("asks from the palette which route is meant", async () => {
    await window.command("Oneport: Copy URL…");
    const { rows } = await window.input.shown("Copy URL");
    const labels = rows.map(({ label }) => label);
    assert.deepEqual(labels, [shop, echo, "live.localhost"]);
    await window.input.pick("live.localhost");
    await eventually(async () => {
      assert.equal(await window.clipboard(), `wss://live.localhost:${server.muxPort}/live`);
    });
  });

  await t.test("says before it opens a browser that the browser is on another machine", async () => {
    await view.inlineAction(shop, "Open in Browser…");
    await window.toasts.shown("another machine than your browser");
    await window.toasts.press("another machine than your browser", "Copy URL");
    await choose(shop, "Open in Simple Browser");
    await window.toasts.press("another machine than your browser", "Open Anyway");
    await window.page.locator(".tab", { hasText: "Simple Browser" }).waitFor();
  });

  await t.test("switches a route off and on, and writes nothing else", async () => {
    const before = await settings();
    await choose(shop, "Disable");
    await shows(shop, /· disabled$/, "circle-slash", /disabled/);
    assert.notEqual(await settings(), before);
    await choose(shop, "Enable");
    await shows(shop, /^→ localhost:\d+$/, "globe", /, up,/);
    assert.deepEqual(JSON.parse(await settings()), JSON.parse(before));
  });

  await t.test("removes a route, and puts it back as it was and where it was", async () => {
    const before = await settings();
    await choose("off.localhost", "Remove Route…");
    await eventually(async () => assert.doesNotMatch(await settings(), /off\.localhost/));
    await window.toasts.press("Removed the route off.localhost", "Undo");
    await eventually(async () => assert.equal(await settings(), before));
    await shows("off.localhost", /· disabled$/, "circle-slash", /disabled/);
  });

  await t.test("puts a route back only where no other has been written since", async () => {
    await choose("broken.localhost", "Remove Route…");
    await window.toasts.shown("Removed the route broken.localhost");
    const others = JSON.parse(await settings());
    others["oneport.routes"]["broken.localhost"] = { to: port, enabled: false };
    await writeFile(settingsFile, JSON.stringify(others));
    await shows("broken.localhost", /· disabled$/, "circle-slash", /disabled/);
    await window.toasts.press("Removed the route broken.localhost", "Undo");
    const { message } = await window.toasts.shown("broken.localhost has been given another route");
    assert.match(message, /The one that was removed said "localhost:3000"\.$/);
    assert.deepEqual(JSON.parse(await settings()), others);
  });

  await t.test("reveals where a route is written", async () => {
    await choose(echo, "Reveal in settings.json");
    await eventually(async () => assert.match(await window.editorText(), /echo\.localhost/));
  });

  await t.test("does nothing that VS Code warns of", async () => {
    assert.doesNotMatch(await server.log("remoteexthost"), /\[(warning|error)\].*oneport\.oneport/);
  });

  await t.test("groups routes by where they are written when there are several places", async () => {
    await server.setUserSettings({ "oneport.routes": { "mine.localhost": port } });
    await window.reload();
    await eventually(async () => {
      const groups = (await view.rows()).filter(({ level, expanded }) => level === 1 && expanded);
      assert.deepEqual(groups.map(({ label }) => label).slice(0, 2), ["User", "Workspace"]);
    });
    assert.equal((await view.row("mine.localhost")).level, 2);
  });
});

test("Five hundred routes are drawn anew without holding up the thread that all extensions share", async () => {
  await using web = await startWebService(0);
  await using server = await CodeServer.start();
  await using browser = await Browser.open([]);
  const names = Array.from({ length: 500 }, (_, index) => `shop${index}.localhost`);
  const routes = Object.fromEntries(names.map((name) => [name, web.port]));
  const folder = await server.makeFolder("many", { "oneport.routes": routes });
  await using window = await Window.open(browser, server, { folder });
  await window.sideBar("Oneport");
  const view = window.view("Routes");
  const shows = async (state: RegExp) =>
    await eventually(async () => assert.match((await view.row("shop0.localhost")).ariaLabel, state));
  await shows(/, up,/);
  const [host] = await server.extensionHosts();
  const before = await mainThreadSeconds(host);
  await web[Symbol.asyncDispose]();
  await shows(/, down,/);
  const spent = (await mainThreadSeconds(host)) - before;
  assert.ok(spent < 1, `${spent} s`);
});

/** The processor time that the thread has taken. */
async function mainThreadSeconds(processId: number | undefined): Promise<number> {
  const stat = await readFile(`/proc/${processId}/task/${processId}/stat`, "utf8");
  const [user, system] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13)
    .map(Number);
  return ((user ?? 0) + (system ?? 0)) / ticksPerSecond;
}

/** A connection that is kept open, as a browser does it. */
async function connection(port: number): Promise<AsyncDisposable> {
  const { connect } = await import("node:net");
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined).write("GET / HTTP/1.1\r\nHost: a.preview.localhost\r\n\r\n");
  await new Promise((resolve) => socket.once("data", resolve));
  return { [Symbol.asyncDispose]: async () => void socket.destroy() };
}

function shell(line: string, input = "") {
  return finish(
    spawn("sh", ["-c", `exec ${line}`], { env: environment, timeout: longestMilliseconds }),
    input,
  );
}
