/** Keeps the bench from rotting: a tiny round of every measurement, with Oneport alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { measurementNames, runBench, self } from "./rounds.ts";
import { median, render, summarize, toJson } from "./table.ts";

test("a tiny round of each measurement gives figures, and a table of them", async () => {
  const progress: string[] = [];
  const results = await runBench({
    peers: [],
    rounds: 1,
    scale: "tiny",
    onProgress: (words) => progress.push(words),
  });
  const rendered = render(results, new Date());
  for (const [figure, byContender] of results.figures) {
    assert.deepEqual([...byContender.keys()], [self], figure);
    assert.ok(byContender.get(self)?.every(Number.isFinite), figure);
    if (/p50|p99|a second|, ns$|, MB$/.test(figure)) assert.ok((byContender.get(self)?.[0] ?? 0) > 0, figure);
    assert.ok(rendered.includes(figure), figure);
  }
  assert.equal(results.figures.size, figuresInAll);
  assert.equal(
    Object.keys(JSON.parse(JSON.stringify(toJson(results, new Date()))).figures).length,
    figuresInAll,
  );
  for (const name of measurementNames.filter((each) => !ownOnly.includes(each))) {
    assert.ok(progress.includes(`round 1 of 1: ${name}`), name);
  }
});

const ownOnly = ["start", "activation", "blocked", "look-up"];
/** 8 of bulk, each with its rate; 3 pings; connections, idle, requests, bodies and handshakes; and Oneport's own. */
const figuresInAll = 16 + 6 + 2 + 1 + 4 + 4 + 2 + 3 + 1 + 2 + 1 + 8;

test("one contender that cannot take part is named, and the others are measured", async () => {
  const progress: string[] = [];
  const absent = { name: "Nobody", start: () => Promise.reject(new Error('"nobody" is not installed.')) };
  const results = await runBench({
    peers: [absent],
    rounds: 1,
    scale: "tiny",
    only: "connect",
    onProgress: (words) => progress.push(words),
  });
  assert.ok(progress.some((words) => words.includes("Nobody") && words.includes("is not installed")));
  assert.deepEqual([...results.versions.keys()], [self]);
});

test("a median is the middle value, or lies between the two in the middle", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
});

test("a ratio compares the two of each round, and the table shows the median of these", () => {
  const figures = new Map([
    [
      "request, CPU µs",
      new Map([
        ["Oneport", [10, 20, 30]],
        ["Caddy", [20, 20, 60]],
      ]),
    ],
  ]);
  const lines = render(
    {
      versions: new Map([
        ["Oneport", "1"],
        ["Caddy", "2"],
      ]),
      figures,
    },
    new Date(),
  );
  assert.match(lines.find((line) => line.startsWith("  Caddy")) ?? "", /×0\.50$/);
});

test("the summary has the medians of those who run with their defaults, and leaves rates to the long table", () => {
  const values = new Map([
    ["Oneport", [10, 20, 30]],
    ["Caddy", [40]],
    ["nginx, 256 KB buffers", [1]],
  ]);
  const lines = summarize({
    versions: new Map([...values.keys()].map((name) => [name, "1"])),
    figures: new Map([
      ["request, CPU µs", values],
      ["requests a second", values],
      ["look-up, ns", new Map([["Oneport", [5]]])],
    ]),
  });
  assert.deepEqual(lines, ["| | Oneport | Caddy |", "|---|---:|---:|", "| request, CPU µs | 20.0 | 40.0 |"]);
});
