/** The marks in settings files: at their place, as grave as they are. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { marksIn, placeOfRoute, readSettingsText, type SettingsForm } from "../../src/ui/settings-marks.ts";

function read(text: string, form: SettingsForm = "settings") {
  const settings = readSettingsText(text, form);
  assert.ok(settings);
  return settings;
}

function marks(text: string, form?: SettingsForm) {
  return marksIn(read(text, form)).map(({ problem, severity, place, written }) => {
    assert.equal(text.slice(place.offset, place.offset + place.length), written);
    return [severity, problem.code, `${place.line}:${place.column}`, written];
  });
}

test("what is wrong is marked at its place, and the good routes are not", () => {
  const text = `{
  // Routes of the shop.
  "oneport.routes": {
    "shop.localhost": 3000,
    "http://api.test": 3001,
    "live.test": "localhost:5000",
    "db.test": { "to": "tcp://localhost:5432", "hodl": 5 },
    "db.localhost": "tcp://localhost:5432",
    "shop.com": 3002
  },
  "oneport.autoStrat": false
}`;
  assert.deepEqual(marks(text), [
    ["warning", "setting-unknown", "11:3", '"oneport.autoStrat"'],
    ["error", "domain-scheme", "5:5", '"http://api.test"'],
    ["error", "target-url", "6:18", '"localhost:5000"'],
    ["error", "option-unknown", "7:48", '"hodl"'],
    ["warning", "note-localhost-stream", "8:5", '"db.localhost"'],
    ["information", "note-public-name", "9:5", '"shop.com"'],
  ]);
});

test("in a .code-workspace file the settings stand below their key", () => {
  const text = '{ "folders": [], "oneport.port": 0, "settings": { "oneport.routes": { "a.test": "b" } } }';
  assert.deepEqual(marks(text, "workspace"), [["error", "target-url", "1:81", '"b"']]);
  assert.equal(placeOfRoute(read(text, "workspace"), "a.test")?.column, 71);
});

test("a file without settings, or of something else, has no marks", () => {
  for (const text of ["", "{}", '{ "settings": [] }', '{ "editor.fontSize": "x" }']) {
    assert.deepEqual(marks(text), []);
    assert.deepEqual(marks(text, "workspace"), []);
  }
});

test("a text that is no JSON just now is not read", () => {
  assert.equal(readSettingsText('{ "oneport.routes": {', "settings"), undefined);
});
