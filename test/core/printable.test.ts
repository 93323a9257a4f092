/** Names from outside, made safe to show. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { printable, visible } from "../../src/core/printable.ts";

test("printable ASCII stays as it is", () => {
  const all = Array.from({ length: 95 }, (_, index) => String.fromCharCode(0x20 + index)).join("");
  assert.equal(printable(all), all);
});

test("control characters, DEL and every byte beyond ASCII are written as \\xNN", () => {
  assert.equal(printable("a\u001b[31m\r\nb\u007f"), "a\\x1b[31m\\x0d\\x0ab\\x7f");
  assert.equal(printable("b\u00fccher"), "b\\xc3\\xbccher");
  assert.equal(printable("\u202egpj.exe\u{1f600}"), "\\xe2\\x80\\xaegpj.exe\\xf0\\x9f\\x98\\x80");
});

test("a sentence keeps its letters and its punctuation, whatever the language", () => {
  const sentence = "The domain \u201cb\u00fccher.test\u201d \u2026 \u65e5\u672c\u8a9e \u{1f600}";
  assert.equal(visible(sentence), sentence);
});

test("a sentence can neither steer the terminal nor turn the direction of the text", () => {
  assert.equal(visible("a\u001b[2J\r\nb\u009bc\u007f"), "a\\x1b[2J\\x0d\\x0ab\\xc2\\x9bc\\x7f");
  assert.equal(
    visible("\u202egpj\u2066\u200b\u2028"),
    "\\xe2\\x80\\xaegpj\\xe2\\x81\\xa6\\xe2\\x80\\x8b\\xe2\\x80\\xa8",
  );
});
