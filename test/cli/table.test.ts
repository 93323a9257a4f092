/** Columns of text. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatTable } from "../../src/cli/table.ts";

test("columns are as wide as their widest cell, and lines end without spaces", () => {
  const rows = [
    ["A", "LONGER", "C"],
    ["wide cell", "x", ""],
    ["", "y", "last"],
  ];
  assert.deepEqual(
    formatTable(rows, (text) => text),
    ["A          LONGER  C", "wide cell  x", "           y       last"],
  );
});

test("a style is given the padded cell and its place, so that it cannot move the columns", () => {
  const rows = [
    ["a", "b"],
    ["long", "d"],
  ];
  const styled = formatTable(rows, (text, row, column) => `[${row}${column}:${text}]`);
  assert.deepEqual(styled, ["[00:a   ]  [01:b]", "[10:long]  [11:d]"]);
});
