/** Routes added and changed in a real VS Code by its questions: what is offered, what is said, and what stands in settings.json after. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Browser } from "../e2e/browser.ts";
import { CodeServer } from "./code-server.ts";
import { startDevServer } from "./dev-server.ts";
import { eventually } from "./eventually.ts";
import { Window } from "./window.ts";

const owned = new AsyncDisposableStack();
let server: CodeServer;
let browser: Browser;

before(async () => {
  server = owned.use(
    await CodeServer.start({ settings: { "oneport.autoStart": false, "files.autoSave": "off" } }),
  );
  browser = owned.use(await Browser.open([]));
});
after(() => owned.disposeAsync());

/** A folder whose settings are this text. */
async function makeFolder(name: string, text: string): Promise<{ folder: string; file: string }> {
  const folder = await server.makeFolder(name);
  const file = join(folder, ".vscode", "settings.json");
  await writeFile(file, text);
  return { folder, file };
}

async function saved(file: string, text: string): Promise<void> {
  await eventually(async () => assert.equal(await readFile(file, "utf8"), text));
}

/** Types what an input shall hold, once it is shown, and gives what it shows then. */
async function typeInto(window: Window, title: string, text: string, message: RegExp) {
  await window.input.shown(title);
  await window.input.type(text);
  return await eventually(async () => {
    const shown = await window.input.shown(title);
    assert.match(shown.message, message);
    return shown;
  });
}

test("the welcome leads to a route for what runs in the folder, with three times Enter", async () => {
  const text = '{\n  // Narrow.\n  "editor.tabSize": 2 // two\n}\n';
  const { folder, file } = await makeFolder("shop", text);
  await using service = await startDevServer(folder, "The Shop");
  await using window = await Window.open(browser, server, { folder });
  await window.sideBar("Oneport");
  await window.view("Routes").pressWelcomeButton("Add Route…");

  await eventually(async () => {
    const { rows } = await window.input.shown("Add Route (1/3)");
    assert.deepEqual(rows[0], {
      label: `localhost:${service.port}`,
      description: "server.js · HTTP · “The Shop”",
      detail: "",
    });
  });
  await window.key("Enter");
  assert.equal((await window.input.shown("Add Route (2/3)")).value, "shop.localhost");
  await window.key("Enter");
  const { rows } = await window.input.shown("Add Route (3/3)");
  assert.deepEqual(
    rows.map(({ label }) => label),
    ["Workspace", "User"],
  );
  await window.key("Enter");

  const routes = `  "oneport.routes": {\n    "shop.localhost": ${service.port}\n  }\n`;
  await saved(file, text.replace("2 // two\n", `2, // two\n${routes}`));
  await window.view("Routes").row("shop.localhost");
  assert.deepEqual(await window.toasts.all(), []);
});

const commented = `{
  "oneport.routes": {
    // The shop.
    "shop.test": 3000, // web
    /* The database. */
    "db.test": { "to": "tcp://localhost:5432", "hold": 3 }, // kept by Ann
  }
}
`;

test("what was typed is judged, and kept on the way back; comments stay", async () => {
  const { folder, file } = await makeFolder("typed", commented);
  await using window = await Window.open(browser, server, { folder });
  await window.sideBar("Oneport");
  await window.view("Routes").row("shop.test");
  await window.command("Oneport: Add Route…");

  await window.input.shown("Add Route (1/3)");
  await window.input.type("htp://localhost:4321");
  await eventually(async () => {
    const [row] = (await window.input.shown("Add Route (1/3)")).rows;
    assert.equal(row?.label, 'The target "htp://localhost:4321" has an unknown scheme.');
    assert.equal(row.detail, 'Write "http://localhost:4321".');
  });
  await window.key("Enter");
  await window.input.type("tcp://localhost:4321");
  await eventually(async () => {
    const [row] = (await window.input.shown("Add Route (1/3)")).rows;
    assert.deepEqual([row?.label, row?.description], ["tcp://localhost:4321", "as typed"]);
  });
  await window.key("Enter");

  assert.match((await window.input.shown("Add Route (2/3)")).value, /\.test$/);
  await typeInto(
    window,
    "Add Route (2/3)",
    "DB.test",
    /^db\.test has a route already, in the workspace settings\.$/,
  );
  await window.key("Enter");
  await typeInto(window, "Add Route (2/3)", "a b.test", /contains a character that no domain can have/);
  await typeInto(window, "Add Route (2/3)", "mail.localhost", /Write "mail\.test"\.$/);
  await window.page.locator(".quick-input-widget .codicon-quick-input-back").click();
  assert.equal((await window.input.shown("Add Route (1/3)")).value, "tcp://localhost:4321");
  await window.key("Enter");
  assert.equal((await window.input.shown("Add Route (2/3)")).value, "mail.localhost");
  await typeInto(window, "Add Route (2/3)", "mail.test", /^Which domain/);
  await window.key("Enter");
  await window.input.shown("Add Route (3/3)");
  await window.input.type("nowhere");
  await eventually(async () => {
    assert.deepEqual((await window.input.shown("Add Route (3/3)")).rows, []);
  });
  await window.key("Enter");
  // Nothing was taken, so there is still a way back.
  await window.page.locator(".quick-input-widget .codicon-quick-input-back").click();
  assert.equal((await window.input.shown("Add Route (2/3)")).value, "mail.test");
  await window.key("Enter");
  await window.input.shown("Add Route (3/3)");
  await window.key("Enter");
  const added = '// kept by Ann\n    "mail.test": "tcp://localhost:4321",\n';
  await saved(file, commented.replace("// kept by Ann\n", added));
  await window.view("Routes").row("mail.test");
});

test("a port that is typed is that port, whatever begins with it, and a few digits find a service", async () => {
  const { folder } = await makeFolder("digits", "{}\n");
  await using service = await startDevServer(folder, "Digits");
  await using window = await Window.open(browser, server, { folder });
  await window.command("Oneport: Add Route…");
  const first = async (typed: string, label: string) => {
    await window.input.shown("Add Route (1/3)");
    await window.input.type(typed);
    await eventually(async () => {
      const { rows } = await window.input.shown("Add Route (1/3)");
      assert.equal(rows[0]?.label, label);
    });
  };
  const port = String(service.port);
  await first(port, `localhost:${port}`);
  await first(port.slice(0, 4), `http://localhost:${port.slice(0, 4)}`);
  await first("digits", `localhost:${port}`);
  await window.key("Enter");
  assert.equal((await window.input.shown("Add Route (2/3)")).value, "digits.localhost");
});

test("Escape leaves everything as it is", async () => {
  const { folder, file } = await makeFolder("escape", commented);
  await using window = await Window.open(browser, server, { folder });
  await window.command("Oneport: Add Route…");
  await window.input.shown("Add Route (1/3)");
  await window.input.type("3000");
  await window.key("Enter");
  await window.input.shown("Add Route (2/3)");
  await window.key("Escape");
  await eventually(async () => assert.ok(!(await window.page.locator(".quick-input-widget").isVisible())));
  assert.equal(await readFile(file, "utf8"), commented);
});

test("a route is changed, renamed and copied where it stands, options and comments stay, and undo takes it back", async () => {
  const { folder, file } = await makeFolder("change", commented);
  await using window = await Window.open(browser, server, { folder });
  await window.openFile(file);
  await window.sideBar("Oneport");
  const view = window.view("Routes");
  await view.row("db.test");
  await window.view("Routes").choose("db.test", "Change Target…");
  const { rows } = await window.input.shown("Change Target of db.test");
  assert.deepEqual([rows[0]?.label, rows[0]?.description], ["tcp://localhost:5432", "as it is"]);
  await window.input.type("tcp://localhost:5433");
  await eventually(async () => {
    assert.equal(
      (await window.input.shown("Change Target of db.test")).rows[0]?.label,
      "tcp://localhost:5433",
    );
  });
  await window.key("Enter");
  const moved = commented.replace("5432", "5433");
  await saved(file, moved);

  await eventually(async () => assert.match((await view.row("shop.test")).description, /localhost:3000/));
  await window.view("Routes").choose("shop.test", "Edit Route…");
  await window.input.shown("Edit Route (1/2)");
  await window.key("Enter");
  assert.equal((await window.input.shown("Edit Route (2/2)")).value, "shop.test");
  await window.input.type("store.test");
  await window.key("Enter");
  const renamed = moved.replace('"shop.test"', '"store.test"');
  await saved(file, renamed);

  await view.row("store.test");
  await window.view("Routes").choose("db.test", "Duplicate…");
  assert.equal((await window.input.shown("Duplicate db.test")).value, "db-2.test");
  await window.key("Enter");
  const copy = '    "db-2.test": { "to": "tcp://localhost:5433", "hold": 3 },\n';
  await saved(file, renamed.replace("// kept by Ann\n", `// kept by Ann\n${copy}`));

  await window.page.locator(".editor-group-container.active .view-lines").click();
  await window.key("Control+Z");
  await window.key("Control+S");
  await saved(file, renamed);
});

test("a target that an option does not go with is refused where it is typed", async () => {
  const text = '{ "oneport.routes": { "shop.test": { "to": 3000, "hostHeader": "localhost:3000" } } }\n';
  const { folder, file } = await makeFolder("misplaced", text);
  await using window = await Window.open(browser, server, { folder });
  await window.sideBar("Oneport");
  await window.view("Routes").row("shop.test");
  await window.view("Routes").choose("shop.test", "Change Target…");
  const first = async (typed: string, label: string) => {
    await window.input.shown("Change Target of shop.test");
    await window.input.type(typed);
    await eventually(async () => {
      const { rows } = await window.input.shown("Change Target of shop.test");
      assert.equal(rows[0]?.label, label);
    });
  };
  await first("tcp://localhost:5432", "tcp://localhost:5432");
  await window.key("Enter");
  await eventually(async () => {
    const { rows } = await window.input.shown("Change Target of shop.test");
    assert.equal(rows[0]?.label, '"hostHeader" has no meaning for tcp://localhost:5432.');
  });
  assert.equal(await readFile(file, "utf8"), text);
  await first("http://localhost:4321", "http://localhost:4321");
  await window.key("Enter");
  await saved(file, text.replace('"to": 3000', '"to": "http://localhost:4321"'));
});

test("without a folder the user's settings are the only place, and their comments stay as well", async () => {
  const before = await readFile(server.userSettingsFile, "utf8");
  const commentedUser = before.replace(
    /\n\}\n$/,
    ',\n  "oneport.routes": {\n    "one.test": 1 // first\n  }\n}\n',
  );
  await writeFile(server.userSettingsFile, commentedUser);
  await using window = await Window.open(browser, server, "empty");
  await window.sideBar("Oneport");
  await window.view("Routes").row("one.test");
  await window.command("Oneport: Add Route…");
  await window.input.shown("Add Route (1/2)");
  await window.input.type("4321");
  await eventually(async () => {
    const [row] = (await window.input.shown("Add Route (1/2)")).rows;
    assert.equal(row?.label, "http://localhost:4321");
  });
  await window.key("Enter");
  await typeInto(window, "Add Route (2/2)", "two.test", /^Which domain/);
  await window.key("Enter");
  await saved(
    server.userSettingsFile,
    commentedUser.replace('"one.test": 1 // first', '"one.test": 1, // first\n    "two.test": 4321'),
  );
  await window.view("Routes").row("two.test");
  await writeFile(server.userSettingsFile, before);
});

test("of the user's settings and those of a remote machine, only the file that a route is in is written, or none", async () => {
  const { userSettingsFile, machineSettingsFile } = server;
  const [user, machine] = [
    await readFile(userSettingsFile, "utf8"),
    await readFile(machineSettingsFile, "utf8"),
  ];
  const withRoutes = (text: string, routes: object) =>
    JSON.stringify({ ...JSON.parse(text), "oneport.routes": routes });
  const routesIn = async (file: string) => JSON.parse(await readFile(file, "utf8"))["oneport.routes"];
  await writeFile(userSettingsFile, withRoutes(user, { "own.test": 1, "mine.test": 2 }));
  await writeFile(machineSettingsFile, withRoutes(machine, { "far.test": 3, "remote.test": 4 }));
  await using window = await Window.open(browser, server, "empty");
  await window.sideBar("Oneport");
  await window.view("Routes").row("own.test");
  const remove = async (domain: string) => {
    await window.command("Oneport: Remove Route…");
    await window.input.shown("Remove Route");
    await window.input.pick(domain);
  };
  await remove("far.test");
  await window.toasts.shown("Removed the route far.test");
  assert.deepEqual(await routesIn(machineSettingsFile), { "remote.test": 4 });

  await remove("own.test");
  await window.toasts.shown("own.test is in the user settings of your own machine");
  assert.deepEqual(await routesIn(userSettingsFile), { "own.test": 1, "mine.test": 2 });
  assert.deepEqual(await routesIn(machineSettingsFile), { "remote.test": 4 });
  await writeFile(userSettingsFile, user);
  await writeFile(machineSettingsFile, machine);
});

test("in a workspace of several folders the service's own folder is the place, and the workspace's file another", async () => {
  const one = await makeFolder("one", "{}\n");
  const two = await makeFolder("two", commented);
  const workspace = join(server.scratch, "both.code-workspace");
  const text = `{
  "folders": [{ "path": "one" }, { "path": "two" }],
  "settings": {
    // Of both.
    "files.autoSave": "off", // so far
  }
}
`;
  await writeFile(workspace, text);
  await using service = await startDevServer(two.folder, "Two");
  await using window = await Window.open(browser, server, { workspace });
  await window.routesWith("db.test");
  await window.command("Oneport: Add Route…");
  await eventually(async () => {
    const [row] = (await window.input.shown("Add Route (1/3)")).rows;
    assert.equal(row?.label, `localhost:${service.port}`);
  });
  await window.key("Enter");
  assert.equal((await window.input.shown("Add Route (2/3)")).value, "two.localhost");
  await window.key("Enter");
  const { rows } = await window.input.shown("Add Route (3/3)");
  assert.deepEqual(
    rows.map(({ label }) => label),
    ["two", "Workspace", "one", "User"],
  );
  await window.key("Enter");
  const added = `// kept by Ann\n    "two.localhost": ${service.port},\n`;
  await saved(two.file, commented.replace("// kept by Ann\n", added));

  await window.command("Oneport: Add Route…");
  await window.input.shown("Add Route (1/3)");
  await window.input.type("4321");
  await eventually(async () => {
    const [row] = (await window.input.shown("Add Route (1/3)")).rows;
    assert.equal(row?.label, "http://localhost:4321");
  });
  await window.key("Enter");
  await typeInto(window, "Add Route (2/3)", "both.test", /^Which domain/);
  await window.key("Enter");
  await window.input.shown("Add Route (3/3)");
  await window.key("Enter");
  const routes = '    "oneport.routes": {\n      "both.test": 4321\n    },\n';
  await saved(workspace, text.replace("// so far\n", `// so far\n${routes}`));
  assert.equal(await readFile(one.file, "utf8"), "{}\n");
});

test("a file that cannot be edited is left alone, and what stands in the way is said", async () => {
  const { folder, file } = await makeFolder("broken", commented);
  await using window = await Window.open(browser, server, { folder });
  await window.sideBar("Oneport");
  const view = window.view("Routes");
  await view.row("shop.test");
  await window.openFile(file);
  await window.page.locator(".editor-group-container.active .view-lines").click();
  await window.key("Control+Home");
  await window.page.keyboard.type("// mine\n");

  await window.view("Routes").choose("shop.test", "Disable");
  const toast = await window.toasts.shown("has changes that are not saved");
  assert.equal(toast.kind, "error");
  assert.match(await window.editorText(), /\/\/ mine[\s\S]*"enabled": false/);
  assert.equal(await readFile(file, "utf8"), commented);

  await window.key("Control+S");
  await eventually(async () => assert.equal((await view.row("shop.test")).icon, "circle-slash"));
  await writeFile(file, `${commented}{`);
  // Until the editor has taken the file over, the edit would be one of what it had before.
  await eventually(async () => assert.doesNotMatch(await window.editorText(), /\/\/ mine/));
  await window.view("Routes").choose("db.test", "Remove Route…");
  await window.toasts.shown("this is not JSON with comments");
  assert.equal(await readFile(file, "utf8"), `${commented}{`);
});

test("what begins to run in the folder is suggested, and its domain is the first question", async () => {
  const { folder, file } = await makeFolder("suggest", '{ "oneport.routes": { "a.test": 1 } }\n');
  await using window = await Window.open(browser, server, { folder });
  await window.sideBar("Oneport");
  const view = window.view("Routes");
  await view.row("a.test");
  await using service = await startDevServer(folder, "News");
  const label = `localhost:${service.port}`;
  assert.match((await view.row(label)).description, /“News”/);
  await view.inlineAction(label, "Add a Route for This Service…");
  assert.equal((await window.input.shown("Add Route (1/2)")).value, "suggest.localhost");
  await window.key("Enter");
  await window.input.shown("Add Route (2/2)");
  await window.key("Enter");
  await saved(file, `{ "oneport.routes": { "a.test": 1, "suggest.localhost": ${service.port} } }\n`);
  await eventually(async () => {
    const rows = await view.rows();
    assert.ok(!rows.some((row) => row.label === label && row.level > 1));
  });
});
