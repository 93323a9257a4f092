/** Properties written, renamed and removed in settings with comments, in every position and style of layout. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "jsonc-parser";
import { difference, renameProperty, writeProperty } from "../../src/core/edit-json.ts";

const routes = (key: string) => ["oneport.routes", key];

const commented = `{
  // Before all.
  "editor.tabSize": 2, // two
  "oneport.routes": {
    // The shop.
    "shop.test": 3000, // the shop's port
    /* The interface. */
    "api.test": { "to": 4000 }, // the interface's port

    // The database.
    "db.test": "tcp://localhost:5432" // the database's port
    // "old.test": 1
  },
  // After all.
  "files.eol": "\\n"
}
`;

/** The same with other line ends and indentation: what is said of one holds for all. */
const styles: readonly (readonly [name: string, styled: (text: string) => string])[] = [
  ["spaces", (text) => text],
  ["CRLF", (text) => text.replaceAll("\n", "\r\n")],
  ["tabs", (text) => text.replaceAll("  ", "\t")],
  ["CRLF and tabs", (text) => text.replaceAll("  ", "\t").replaceAll("\n", "\r\n")],
];

for (const [style, styled] of styles) {
  for (const comma of ["", ","]) {
    const original = commented.replace('5432"', () => `5432"${comma}`);
    const text = styled(original);
    /** What an edit should make of the text, told in the first style. */
    const becomes = (edited: string | undefined, ...changes: (readonly [from: string, to: string])[]) => {
      const wanted = changes.reduce((now, [from, to]) => now.replace(from, () => to), original);
      assert.equal(edited, styled(wanted));
    };
    const how = `(${style}, ${comma === "" ? "no comma" : "a comma"} at the end)`;

    test(`a changed value leaves all else as it was ${how}`, () => {
      becomes(writeProperty(text, routes("shop.test"), 3001), ["3000", "3001"]);
      becomes(writeProperty(text, routes("api.test"), { to: 4001 }), ["4000", "4001"]);
      becomes(writeProperty(text, routes("db.test"), "tcp://localhost:5433"), ["5432", "5433"]);
    });

    test(`a new key keeps the property's place and comments ${how}`, () => {
      for (const key of ["shop", "api", "db"]) {
        becomes(renameProperty(text, routes(`${key}.test`), "x.test"), [`"${key}.test"`, '"x.test"']);
      }
    });

    test(`a removed property takes its line with it, and no other comment ${how}`, () => {
      const shop = '    "shop.test": 3000, // the shop\'s port\n';
      becomes(writeProperty(text, routes("shop.test"), undefined), [shop, ""]);
      const api = '    "api.test": { "to": 4000 }, // the interface\'s port\n';
      becomes(writeProperty(text, routes("api.test"), undefined), [api, ""]);
    });

    test(`with the last property goes the comma before it, if there was none behind ${how}`, () => {
      const database = `    "db.test": "tcp://localhost:5432"${comma} // the database's port\n`;
      const edited = writeProperty(text, routes("db.test"), undefined);
      becomes(edited, [database, ""], comma === "" ? ["4000 },", "4000 }"] : ["", ""]);
    });

    test(`a new property comes behind the last one and its comment, in the same style ${how}`, () => {
      const edited = writeProperty(text, routes("new.test"), { to: 1, hold: 2 });
      const line = `\n    "new.test": { "to": 1, "hold": 2 }${comma}\n`;
      becomes(edited, [`5432"${comma}`, '5432",'], ["database's port\n", `database's port${line}`]);
    });

    test(`all properties can go, one by one, and come again ${how}`, () => {
      const keys = ["shop.test", "api.test", "db.test"];
      const emptied = keys.reduce((now, key) => writeProperty(now, routes(key), undefined) ?? "", text);
      assert.deepEqual(valuesOf(emptied)["oneport.routes"], {});
      for (const comment of [
        "// The shop.",
        "/* The interface. */",
        "// The database.",
        '// "old.test": 1',
      ]) {
        assert.ok(emptied.includes(comment), comment);
      }
      const filled = keys.reduce((now, key) => writeProperty(now, routes(key), 1) ?? "", emptied);
      assert.deepEqual(valuesOf(filled)["oneport.routes"], { "shop.test": 1, "api.test": 1, "db.test": 1 });
      assert.equal(/[^\r]\n/.test(filled), !style.startsWith("CRLF"));
    });
  }
}

function valuesOf(text: string): Record<string, unknown> {
  return parse(text, [], { allowTrailingComma: true });
}

/** Each: the text before, the edit, and the text after. */
const small: readonly (readonly [before: string, key: string, value: unknown, after: string])[] = [
  ['{ "r": {} }', "a", 1, '{ "r": {\n    "a": 1\n} }'],
  ['{\n  "r": {}\n}', "a", 1, '{\n  "r": {\n    "a": 1\n  }\n}'],
  ['{\n\t"r": {\n\t}\n}', "a", [1, "x"], '{\n\t"r": {\n\t\t"a": [1, "x"]\n\t}\n}'],
  ['{\n  "r": { /* none */ }\n}', "a", 1, '{\n  "r": { /* none */\n    "a": 1\n  }\n}'],
  ['{\n  "r": { // none\n  }\n}', "a", 1, '{\n  "r": { // none\n    "a": 1\n  }\n}'],
  ['{ "r": { "a": 1 } }', "b", 2, '{ "r": { "a": 1, "b": 2 } }'],
  ['{ "r": { "a": 1, } }', "b", 2, '{ "r": { "a": 1, "b": 2, } }'],
  ['{ "r": { "a": 1 /* one */ } }', "b", 2, '{ "r": { "a": 1, /* one */ "b": 2 } }'],
  ['{ "r": { "a": "http://x" } }', "b", 2, '{ "r": { "a": "http://x", "b": 2 } }'],
  ['{\n  "r": { "a": 1 // one\n  }\n}', "b", 2, '{\n  "r": { "a": 1, // one\n    "b": 2\n  }\n}'],
  ['{ "r": { "a": 1 } }', "a", undefined, '{ "r": { } }'],
  ['{ "r": { "a": 1, "b": 2, "c": 3 } }', "a", undefined, '{ "r": { "b": 2, "c": 3 } }'],
  ['{ "r": { "a": 1, "b": 2, "c": 3 } }', "b", undefined, '{ "r": { "a": 1, "c": 3 } }'],
  ['{ "r": { "a": 1, "b": 2, "c": 3 } }', "c", undefined, '{ "r": { "a": 1, "b": 2 } }'],
  ['{ "r": { "a": 1 /* one */ , "b": 2 } }', "a", undefined, '{ "r": { "b": 2 } }'],
  ['{ "r": { "a": 1 // one\n  , "b": 2 } }', "b", 3, '{ "r": { "a": 1 // one\n  , "b": 3 } }'],
  ['{ "r": { "a": 1, "b": 2 /* two */ , } }', "c", 3, '{ "r": { "a": 1, "b": 2 /* two */ , "c": 3, } }'],
  ['{"r":{"a":1,"b":2}}', "a", undefined, '{"r":{"b":2}}'],
  ['{"r":{"a":1,"b":2}}', "b", undefined, '{"r":{"a":1}}'],
  ['{ "r": { "a": 1, // one\n "b": 2 } }', "b", undefined, '{ "r": { "a": 1 // one\n } }'],
  ['{ "r": {\n  "a": 1\n, "b": 2\n} }', "a", undefined, '{ "r": {\n  "b": 2\n} }'],
  ['{ "r": {\n  "a": 1, "b": 2\n} }', "a", undefined, '{ "r": {\n  "b": 2\n} }'],
  ['{ "r": {\n  "a": {\n    "to": 1\n  },\n  "b": 2\n} }', "a", undefined, '{ "r": {\n  "b": 2\n} }'],
  ['{ "r": { "a": 1, "b": 2, "a": 3 } }', "a", undefined, '{ "r": { "b": 2 } }'],
  ['{ "r": { "a": 1, "a": 2 } }', "a", 3, '{ "r": { "a": 1, "a": 3 } }'],
  ['{ "r": { "a": 1 } }', "missing", undefined, '{ "r": { "a": 1 } }'],
  ['{ "r": { "a": 1 } }', 'x"\n', 2, '{ "r": { "a": 1, "x\\"\\n": 2 } }'],
  ['{ "r": { "a": 1 } }', "__proto__", 2, '{ "r": { "a": 1, "__proto__": 2 } }'],
];

for (const [before, key, value, after] of small) {
  test(`${JSON.stringify(key)} set to ${JSON.stringify(value)} in ${JSON.stringify(before)}`, () => {
    assert.equal(writeProperty(before, ["r", key], value), after);
  });
}

const detailed = `{
  "r": {
    "a": {
      // Where to.
      "to": [
        "http://localhost:1", // the first
        "http://localhost:2", // the second
        "http://localhost:3" // the third
      ],
      /* Patience. */
      "hold": 5, // seconds
      "enabled": true
    }
  }
}`;

const three = ["http://localhost:1", "http://localhost:2", "http://localhost:3"];

test("of an object and its lists only what differs is written", () => {
  const edit = (value: unknown) => writeProperty(detailed, ["r", "a"], value);
  assert.equal(edit({ to: three, hold: 5, enabled: true }), detailed);
  assert.equal(edit({ enabled: true, hold: 5, to: three }), detailed, "in another order");
  assert.equal(edit({ to: three, hold: 6, enabled: true }), detailed.replace("5,", "6,"));
  assert.equal(
    edit({ to: three, hold: 5 }),
    detailed.replace('5, // seconds\n      "enabled": true', "5 // seconds"),
  );
  assert.equal(
    edit({ to: three.slice(0, 2), hold: 5, enabled: true }),
    detailed.replace('2", // the second\n        "http://localhost:3" // the third', '2" // the second'),
  );
  assert.equal(
    edit({ to: three.slice(0, 1), hold: 5, enabled: true }),
    detailed.replace(/1", \/\/ the first[^\]]*\n/, '1" // the first\n'),
  );
  assert.equal(
    edit({ to: [...three, 4], hold: 5, enabled: true, healthPath: undefined }),
    detailed.replace('3" // the third', '3", // the third\n        4'),
  );
  assert.deepEqual(parse(edit(3000) ?? ""), { r: { a: 3000 } });
});

test("a text that is no JSON with comments, or has no such object, is left alone", () => {
  for (const text of ["", "{", '{ "r": { "a": 1 }', '{ "r": [1] }', '{ "r": null }', "[]", "{}"]) {
    assert.equal(writeProperty(text, ["r", "a"], 1), undefined, text);
    assert.equal(renameProperty(text, ["r", "a"], "b"), undefined, text);
  }
  assert.equal(renameProperty('{ "r": {} }', ["r", "a"], "b"), undefined);
});

test("a renamed key that was written twice is there once", () => {
  const text = '{ "r": {\n  "a": 1,\n  "a": 2\n} }';
  assert.equal(renameProperty(text, ["r", "a"], "b"), '{ "r": {\n  "b": 2\n} }');
});

test("the difference of two texts is the least that has to be replaced", () => {
  assert.deepEqual(difference("abcd", "abXcd"), { offset: 2, length: 0, text: "X" });
  assert.deepEqual(difference("aaa", "aa"), { offset: 2, length: 1, text: "" });
  assert.deepEqual(difference("same", "same"), { offset: 4, length: 0, text: "" });
  const after = writeProperty(commented, routes("api.test"), undefined) ?? "";
  const { offset, length, text } = difference(commented, after);
  assert.equal(commented.slice(0, offset) + text + commented.slice(offset + length), after);
});
