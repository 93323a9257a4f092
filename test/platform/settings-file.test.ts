/** Settings files: read, located in, and watched. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parseSettings } from "../../src/core/settings.ts";
import {
  parseSettingsText,
  readSettingsFile,
  type SettingsFile,
  watchSettingsFile,
} from "../../src/platform/settings-file.ts";

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "oneport-settings-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function parsed(text: string): SettingsFile {
  const file = parseSettingsText(text, "settings.json");
  assert.ok(file.ok);
  return file.value;
}

const sample = `{
  // Routes of the shop
  "editor.fontSize": 12,
  "oneport.routes": {
    "shop.test": 3000, /* HTTP */
    "api.test": { "to": ["http://localhost:1", "tcp//2"], "holt": 5 },
  },
}
`;

test("a file is read with its comments and trailing commas", async (t) => {
  const file = join(folderFor(t), "settings.json");
  writeFileSync(file, sample);
  const read = await readSettingsFile(file);
  assert.ok(read.ok);
  assert.equal(read.value.text, sample);
  assert.deepEqual(
    parseSettings(read.value.values).settings.routes.map((route) => route.targets[0].port),
    [3000],
  );
});

test("every problem with the settings can be located", () => {
  const { values, locate, text } = parsed(sample);
  const places = parseSettings(values).problems.map(({ path, part }) => {
    const place = locate(path, part);
    assert.ok(place);
    return [text.slice(place.offset, place.offset + place.length), place.line, place.column];
  });
  assert.deepEqual(places, [
    ['"tcp//2"', 6, 48],
    ['"holt"', 6, 59],
  ]);
});

test("a path that the file does not have is nowhere", () => {
  const { locate } = parsed(sample);
  assert.equal(locate(["oneport.routes", "other.test"], "key"), undefined);
  assert.equal(locate(["oneport.routes", "shop.test", "to"], "value"), undefined);
  assert.equal(locate(["oneport.routes", "api.test", "to", 2], "value"), undefined);
  assert.equal(locate(["oneport.routes", 0], "value"), undefined);
  assert.equal(locate([], "value")?.offset, 0);
});

test("lines count with every kind of line end, and a byte order mark counts for nothing", () => {
  const { text, locate } = parsed('\ufeff{\r\n"a":1,\n"b":2}');
  assert.equal(text[0], "{");
  assert.deepEqual(locate(["b"], "key"), { line: 3, column: 1, offset: 10, length: 3 });
});

test("a file in UTF-16 is told as one, whichever way round it is, and with UTF-8's own mark it is read", async (t) => {
  const file = join(folderFor(t), "settings.json");
  const little = Buffer.from(sample, "utf16le");
  const big = Buffer.from(little).swap16();
  for (const content of [
    Buffer.concat([Buffer.from([0xff, 0xfe]), little]),
    Buffer.concat([Buffer.from([0xfe, 0xff]), big]),
    little,
    big,
  ]) {
    writeFileSync(file, content);
    const read = await readSettingsFile(file);
    assert.equal(!read.ok && read.error.code, "settings-encoding");
    assert.match(read.ok ? "" : read.error.message, /UTF-16/);
  }
  writeFileSync(file, `\ufeff${sample}`);
  assert.ok((await readSettingsFile(file)).ok);
});

test("an empty file holds no settings", () => {
  for (const text of ["", "\ufeff", " \n", "// nothing yet\n", "{}"])
    assert.deepEqual({ ...parsed(text).values }, {});
});

test("keys that objects inherit are keys like any other", () => {
  const { values } = parsed('{ "oneport.routes": { "__proto__": { "to": 1 }, "constructor": 2 } }');
  assert.equal(parseSettings(values).settings.routes.length, 2);
});

test("a key that is written twice is a problem at the second, whose value counts", () => {
  const text = '{ "oneport.routes": { "a.test": 1, "b.test": 2, "a.test": 3 }, "x": 1, "x": 2 }';
  const { values, problems, locate } = parsed(text);
  assert.deepEqual(
    problems.map(({ code, path, part }) => [code, path, part]),
    [["settings-repeated-key", ["oneport.routes", "a.test"], "key"]],
  );
  assert.equal(locate(["oneport.routes", "a.test"], "key")?.offset, text.lastIndexOf('"a.test"'));
  assert.deepEqual(
    parseSettings(values).settings.routes.map((route) => route.targets[0].port),
    [3, 2],
  );
});

test("what is written twice in a value that does not count is no problem of its own", () => {
  const text = '{ "oneport.routes": { "a.test": 1, "a.test": 2 }, "oneport.routes": { "b.test": 3 } }';
  const { problems, locate } = parsed(text);
  assert.deepEqual(
    problems.map(({ path, part }) => [path, locate(path, part)?.offset]),
    [[["oneport.routes"], text.lastIndexOf('"oneport.routes"')]],
  );
});

const broken: readonly [text: string, at: string][] = [
  ['{ "a": 1 "b": 2 }', "1:10"],
  ['{\n  "a": ,\n}', "2:8"],
  ['{\r\n  "a": 1\r\n', "3:1"],
  ['{ "a": "x', "1:8"],
  ["{} {}", "1:4"],
];

for (const [text, at] of broken) {
  test(`broken JSON ${JSON.stringify(text)} is a problem at ${at}`, () => {
    const file = parseSettingsText(text, "settings.json");
    assert.ok(!file.ok);
    assert.equal(file.error.code, "settings-syntax");
    assert.ok(file.error.message.startsWith(`settings.json:${at}: `), file.error.message);
  });
}

test("settings that are nested too deep for a stack are a problem where they are, whatever else is wrong", () => {
  for (const [open, close] of [
    ["[", "]"],
    ['{ "a": ', "}"],
    ["[}", ""],
    ['[ /* ] */ "]", ', ""],
  ] as const) {
    for (const depth of [300, 100_000]) {
      const file = parseSettingsText(
        `{ "a":\n${open.repeat(depth)}1${close.repeat(depth)} }`,
        "settings.json",
      );
      assert.ok(!file.ok);
      assert.equal(file.error.code, "settings-syntax");
      const at = `settings.json:2:${255 * open.length + 1}: `;
      assert.ok(file.error.message.startsWith(at), file.error.message);
    }
  }
  const deepest = "[".repeat(255) + "]".repeat(255);
  assert.deepEqual(Object.keys(parsed(`{ "a": ${deepest}, "b": ${deepest} }`).values), ["a", "b"]);
});

test("settings that are no object are a problem", () => {
  for (const text of ["[]", "3000", "null", '"a"']) {
    const file = parseSettingsText(text, "settings.json");
    assert.equal(file.ok ? "" : file.error.code, "settings-type", text);
  }
});

test("a missing file and an unreadable one are told apart", async (t) => {
  const folder = folderFor(t);
  const missing = await readSettingsFile(join(folder, ".vscode", "settings.json"));
  assert.equal(missing.ok ? "" : missing.error.code, "settings-missing");
  const unreadable = await readSettingsFile(folder);
  assert.equal(unreadable.ok ? "" : unreadable.error.code, "settings-unreadable");
  assert.match(unreadable.ok ? "" : unreadable.error.message, /EISDIR/);
  assert.match(unreadable.ok ? "" : unreadable.error.remedy, /a settings file by "--config"/);
});

test("of a file that was given as the folder it is said how each of them is named", async (t) => {
  const file = join(folderFor(t), "settings.json");
  writeFileSync(file, "{}");
  const beneath = await readSettingsFile(join(file, ".vscode", "settings.json"));
  assert.match(beneath.ok ? "" : beneath.error.remedy, /--config/);
});

/** A watch whose clock the test turns: `changes` after that many milliseconds more. */
function watched(t: TestContext, file: string): (milliseconds: number) => number {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let changes = 0;
  const watch = watchSettingsFile(file, () => {
    changes += 1;
  });
  t.after(() => watch[Symbol.dispose]());
  return (milliseconds) => {
    // In small steps, so that timers set by timers take part.
    for (let passed = 0; passed < milliseconds; passed += 10) t.mock.timers.tick(10);
    return changes;
  };
}

test("a watch tells each new content once, written in place or renamed over", (t) => {
  const file = join(folderFor(t), "settings.json");
  writeFileSync(file, "{}");
  const changesAfter = watched(t, file);
  assert.equal(changesAfter(1000), 0);
  writeFileSync(file, '{ "a": 1 }');
  assert.equal(changesAfter(1000), 1);
  writeFileSync(`${file}.new`, '{ "a": 2 }');
  renameSync(`${file}.new`, file);
  assert.equal(changesAfter(1000), 2);
});

test("a watch says nothing about the same content written again", (t) => {
  const file = join(folderFor(t), "settings.json");
  writeFileSync(file, "{}");
  const changesAfter = watched(t, file);
  writeFileSync(file, "{}");
  utimesSync(file, 1, 1);
  assert.equal(changesAfter(1000), 0);
});

test("a watch waits for a folder and a file that do not exist yet, and tells when they go", (t) => {
  const folder = folderFor(t);
  const file = join(folder, ".vscode", "settings.json");
  const changesAfter = watched(t, file);
  assert.equal(changesAfter(1000), 0);
  mkdirSync(join(folder, ".vscode"));
  assert.equal(changesAfter(1000), 0);
  writeFileSync(file, "{}");
  assert.equal(changesAfter(1000), 1);
  rmSync(join(folder, ".vscode"), { recursive: true });
  assert.equal(changesAfter(1000), 2);
});

test("a watch does not tell what an editor leaves behind for a moment while it writes", (t) => {
  const file = join(folderFor(t), "settings.json");
  writeFileSync(file, '{ "a": 1 }');
  const changesAfter = watched(t, file);
  assert.equal(changesAfter(240), 0);
  writeFileSync(file, "");
  assert.equal(changesAfter(20), 0);
  writeFileSync(file, '{ "a": 1 }');
  assert.equal(changesAfter(1000), 0);
});

test("a change between the watch and the first read is told", (t) => {
  const file = join(folderFor(t), "settings.json");
  writeFileSync(file, "{}");
  const changesAfter = watched(t, file);
  writeFileSync(file, '{ "a": 1 }');
  assert.equal(changesAfter(300), 1);
});

test("a watch tells nothing after it is disposed, be it by what it tells", (t) => {
  const file = join(folderFor(t), "settings.json");
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let changes = 0;
  const watch = watchSettingsFile(file, () => {
    changes += 1;
    watch[Symbol.dispose]();
  });
  for (const text of ["{}", "[]"]) {
    writeFileSync(file, text);
    for (let step = 0; step < 100; step++) t.mock.timers.tick(10);
  }
  assert.equal(changes, 1);
});

test("a watch tells on a real clock, too", async (t) => {
  const file = join(folderFor(t), "settings.json");
  await new Promise<void>((resolve) => {
    const watch = watchSettingsFile(file, resolve);
    t.after(() => watch[Symbol.dispose]());
    writeFileSync(file, "{}");
  });
});
