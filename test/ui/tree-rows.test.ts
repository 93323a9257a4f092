/** The tree as a whole: what stands above, how routes are grouped, and what a redraw has to draw anew. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { stopped } from "../../src/core/mux-state.ts";
import { routeFacts } from "../../src/ui/route-facts.ts";
import { changedRows, type Row } from "../../src/ui/row.ts";
import { treeRows } from "../../src/ui/tree-rows.ts";
import { l10n, machine, running, user, workspace, written } from "./written.ts";

const nothing = { notices: [], suggestions: [] };
const suggestions = [{ id: "5173", label: "localhost:5173", description: "vite" }];

function tree(routes: Parameters<typeof routeFacts>[0], state = running(routes), more = {}): readonly Row[] {
  return treeRows({ ...nothing, routes: routeFacts(routes, state, machine), ...more }, l10n);
}

function outline(rows: readonly Row[]): unknown[] {
  return rows.map(({ label, children, isExpanded }) => (isExpanded ? [label, ...outline(children)] : label));
}

test("routes of one place stand by themselves", () => {
  assert.deepEqual(outline(tree(written({ "a.test": 1, "b.test": 2 }))), ["a.test", "b.test"]);
});

test("routes of several places are grouped, each group open at first", () => {
  const folder = { ...workspace, id: "file:///b", kind: "folder", name: "b" } as const;
  const routes = [...written({ "a.test": 1 }, user), ...written({ "b.test": 2, "c.test": 3 }, folder)];
  assert.deepEqual(outline(tree(routes)), [
    ["User", "a.test"],
    ["b", "b.test", "c.test"],
  ]);
});

test("routes of other windows come after this window's own", () => {
  const own = written({ "a.test": 1 });
  const state = running([...own, ...written({ "x.test": 9 })]);
  assert.deepEqual(outline(tree(own, state)), ["a.test", ["Other Windows", "x.test"]]);
});

test("notices come first and run their command", () => {
  const notice = {
    id: "stopped",
    label: "Oneport is stopped",
    description: "start the mux",
    icon: { id: "debug-stop" },
    command: "oneport.start",
    tooltip: "No port is open.\nNone *at all*.",
  };
  const [first] = tree(written({ "a.test": 1 }), stopped, { notices: [notice] });
  assert.equal(first?.command, "oneport.start");
  assert.equal(first.spoken, "Oneport is stopped, start the mux");
  assert.equal(first.tooltip, "No port is open\\.  \nNone \\*at all\\*\\.");
});

test("services are suggested below the routes, and not in place of the welcome", () => {
  const [, group] = tree(written({ "a.test": 1 }), stopped, { suggestions });
  assert.deepEqual(outline(group ? [group] : []), [["Suggested", "localhost:5173"]]);
  assert.equal(group?.children[0]?.suggestion, "5173");
  assert.equal(group.children[0]?.contextValue, "suggested");
  assert.deepEqual(tree([], stopped, { suggestions }), []);
});

test("no two rows have one id, not even for a target that is written twice", () => {
  const routes = [...written({ "a.test": [1, 1], "A.test": 1 }, user), ...written({ "a.test": 1 })];
  const all = (rows: readonly Row[]): string[] => rows.flatMap(({ id, children }) => [id, ...all(children)]);
  const ids = all(tree(routes));
  assert.equal(new Set(ids).size, ids.length);
});

const routes = written({ "a.test": 1, "b.test": [2, 3] });
const before = tree(routes);
const later = (more: object) => tree(routes, running(routes, more));
const b = before[1] ?? assert.fail();

test("a redraw that shows the same draws nothing", () => {
  assert.deepEqual(changedRows(before, tree(routes)), []);
});

test("a redraw draws the rows that changed", () => {
  const open = new Map([["b.test", { domain: "b.test", count: 1, oldest: [] }]]);
  assert.deepEqual(changedRows(before, later({ open })), [b.id]);
});

test("a change further down alone is drawn there alone", () => {
  const down = later({ targets: new Map([["http://localhost:3", { state: "up" }]]) });
  const up = later({
    targets: new Map([
      ["http://localhost:2", { state: "up" }],
      ["http://localhost:3", { state: "up" }],
    ]),
  });
  // The row itself is up in both, but for its tooltip.
  const target = b.children[0] ?? assert.fail();
  const alike = (rows: readonly Row[]) => rows.map(({ tooltip: _, ...row }) => row);
  assert.deepEqual(changedRows(alike(down), alike(up)), [target.id]);
});

test("another list of routes is drawn as a whole", () => {
  assert.equal(changedRows(before, tree(written({ "a.test": 1 }))), undefined);
  assert.equal(changedRows(before, [...before].reverse()), undefined);
});

test("a route that gets its first row below is drawn with it", () => {
  const [row] = before;
  assert.ok(row);
  assert.deepEqual(changedRows([{ ...row, children: [] }], [row]), [row.id]);
});
