/** From a fresh machine to a padlock in a real VS Code, counted in clicks, and all the way back. */
import assert from "node:assert/strict";
import { access } from "node:fs/promises";
import { test } from "node:test";
import { Browser, makeStore } from "../e2e/browser.ts";
import { MountNamespace } from "../platform/mount-namespace.ts";
import { startWebService } from "../sample/services.ts";
import { CodeServer } from "./code-server.ts";
import { eventually } from "./eventually.ts";
import { Window } from "./window.ts";

const obstacle = await MountNamespace.obstacle();

test("Two clicks set up names and trust, and commands take it all back", { skip: obstacle }, async () => {
  await using web = await startWebService(0);
  await using server = await CodeServer.start({ isApart: true });
  await makeStore(server.scratch);
  await using browser = await Browser.open([]);
  const folder = await server.makeFolder("fresh", { "oneport.routes": { "app.shop.test": web.port } });
  await using window = await Window.open(browser, server, { folder });
  const url = `https://app.shop.test:${server.muxPort}/`;
  await window.sideBar("Oneport");
  const view = window.view("Routes");
  await eventually(() => warns(server, url));

  // The first click.
  await view.click("Not set up yet");
  const { message, detail, buttons } = await window.dialog.shown();
  assert.equal(message, "Change /etc/hosts like this?");
  assert.match(detail, /\+ 127\.0\.0\.1 app\.shop\.test\b/);
  assert.match(detail, /Chromium/);
  assert.match(detail, /SHA-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}/);
  assert.ok(buttons.includes("Set Up Both"));
  await window.screenshot("set-up");
  // The second.
  await window.dialog.press("Set Up Both");

  await eventually(async () => {
    const labels = (await view.rows()).map(({ label }) => label);
    assert.deepEqual(labels, ["Remote window", "app.shop.test"]);
  });
  assert.match(
    await server.systemFile("/etc/hosts"),
    /^# BEGIN Oneport.*\n127\.0\.0\.1 app\.shop\.test\n::1 app\.shop\.test\n# END Oneport$/m,
  );
  await loads(server, url);

  await window.command("Oneport: Stop Trusting Oneport's Authority…");
  await window.dialog.shown();
  await window.dialog.press("Stop Trusting");
  await eventually(() => warns(server, url));

  await window.command("Oneport: Remove Everything Oneport Added…");
  await window.dialog.shown();
  await window.dialog.press("Remove Everything");
  await eventually(async () => {
    assert.equal(await server.systemFile("/etc/hosts"), "127.0.0.1 localhost\n");
  });
  await eventually(async () => {
    const [item] = await window.statusBar();
    assert.equal(item?.text, "Oneport");
  });
  const told = await window.toasts.shown("Removed from this machine");
  assert.match(told.message, /Oneport's lines in the hosts file \(\/etc\/hosts\)/);
  assert.ok(told.message.includes(server.stateDirectory), told.message);

  // A mux that started again would make the authority again.
  await window.reload();
  await window.sideBar("Oneport");
  await view.row("Oneport is stopped");
  await assert.rejects(access(server.stateDirectory));
});

test("A hosts file that cannot be changed keeps nobody from trusting the authority", {
  skip: obstacle,
}, async () => {
  await using server = await CodeServer.start({ isApart: true });
  await makeStore(server.scratch);
  await using browser = await Browser.open([]);
  const folder = await server.makeFolder("damaged", { "oneport.routes": { "app.shop.test": 3000 } });
  await using window = await Window.open(browser, server, { folder });
  await window.sideBar("Oneport");
  await window.view("Routes").row("app.shop.test");
  await server.writeSystemFile("/etc/hosts", "127.0.0.1 localhost\n\0");

  await window.command("Oneport: Set Up Names and Trust…");
  await window.toasts.shown("The hosts file has a NUL byte");
  const { message } = await window.dialog.shown();
  assert.equal(message, "Trust Oneport's authority in these places?");
  await window.dialog.press("Cancel");
});

test("What was put right outside is seen when the view is refreshed", { skip: obstacle }, async () => {
  await using server = await CodeServer.start({ isApart: true });
  await using browser = await Browser.open([]);
  const folder = await server.makeFolder("byhand", { "oneport.routes": { "app.shop.test": 3000 } });
  await using window = await Window.open(browser, server, { folder });
  const view = await window.routesWith("app.shop.test");
  const says = async (pattern: RegExp) =>
    await eventually(async () => assert.match((await view.row("app.shop.test")).description, pattern));
  await says(/name does not resolve/);
  await server.writeSystemFile("/etc/hosts", "127.0.0.1 localhost\n127.0.0.1 app.shop.test\n");
  await window.command("Oneport: Refresh Health");
  await says(/^(?!.*name does not resolve)/);
});

/** A browser that was begun after the change, by the user whose home the server has. */
async function loads({ scratch }: CodeServer, url: string): Promise<void> {
  await using browser = await Browser.openAt(scratch);
  const page = await browser.page();
  const answer = await page.goto(url);
  assert.match((await answer?.securityDetails())?.issuer ?? "", /^Oneport issuer/);
}

async function warns({ scratch }: CodeServer, url: string): Promise<void> {
  await using browser = await Browser.openAt(scratch);
  const page = await browser.page();
  await assert.rejects(page.goto(url), /ERR_CERT_AUTHORITY_INVALID/);
}
