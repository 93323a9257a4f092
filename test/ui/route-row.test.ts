/** What the row of a route shows, says and offers, in each of its states. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Problem } from "../../src/core/errors.ts";
import type { SessionWindow } from "../../src/core/events.ts";
import { stopped, type TargetState } from "../../src/core/mux-state.ts";
import { routeFacts } from "../../src/ui/route-facts.ts";
import { stateLooks } from "../../src/ui/route-looks.ts";
import { routeRow } from "../../src/ui/route-row.ts";
import { factsOf, l10n, machine, running, user, workspace, written } from "./written.ts";

const row = (...facts: Parameters<typeof factsOf>) => routeRow(factsOf(...facts), l10n);
const up = (target: string): [string, TargetState] => [target, { state: "up" }];
const down = (target: string): [string, TargetState] => [
  target,
  { state: "down", reason: `${target} refuses connections.` },
];
const healthy = { targets: new Map([up("http://localhost:3000")]) };
const ill = { targets: new Map([down("http://localhost:3000")]) };

test("a route that nobody has asked about shows its kind and where it goes", () => {
  const { label, description, icon, state, spoken } = row("Shop.LOCALHOST", 3000);
  assert.deepEqual(
    { label, description, icon, state, spoken },
    {
      label: "shop.localhost",
      description: "→ localhost:3000",
      icon: { id: "globe" },
      state: "unknown",
      spoken: "shop.localhost, web, not checked, goes to localhost:3000",
    },
  );
});

test("a service that is up keeps its kind's icon, and open connections are counted", () => {
  const open = new Map([["shop.localhost", { domain: "shop.localhost", count: 2, oldest: [] }]]);
  const { description, icon, state, spoken } = row("shop.localhost", 3000, { ...healthy, open });
  assert.equal(description, "→ localhost:3000 · 2 open");
  assert.equal(icon?.id, "globe");
  assert.equal(state, "up");
  assert.equal(spoken, "shop.localhost, web, up, goes to localhost:3000, 2 connections open");
});

test("a service that is down has another icon, and says so", () => {
  const { description, icon, state } = row("shop.localhost", 3000, ill);
  assert.equal(description, "→ localhost:3000 · down");
  assert.equal(icon?.id, "arrow-circle-down");
  assert.equal(state, "down");
});

test("of several targets one that is up is enough, and those that are down are counted", () => {
  const { description, state, children } = row("shop.localhost", [3000, 3001, 3002], {
    targets: new Map([up("http://localhost:3000"), down("http://localhost:3001")]),
  });
  assert.equal(state, "up");
  assert.equal(description, "→ 3 targets, 1 down");
  assert.deepEqual(
    children.map(({ label, description, icon }) => [label, description, icon?.id]),
    [
      ["http://localhost:3000", "up", "pass"],
      ["http://localhost:3001", "http://localhost:3001 refuses connections.", "arrow-circle-down"],
      ["http://localhost:3002", "not checked yet", "circle-large-outline"],
    ],
  );
});

for (const [target, icon, kind] of [
  ["http://localhost:1", "globe", "web"],
  ["ws://localhost:1/live", "plug", "WebSocket"],
  ["tcp://localhost:1", "server", "TCP"],
  ["tls://localhost:1", "lock", "TLS passthrough"],
  ["tcp+ws://localhost:1/x", "link", "TCP inside a WebSocket"],
] as const) {
  test(`${target} is shown as ${kind}`, () => {
    const { icon: shown, spoken } = row("a.test", target);
    assert.equal(shown?.id, icon);
    assert.ok(spoken.startsWith(`a.test, ${kind}, `), spoken);
  });
}

test("each state that is not health is told by an icon, a word and a screen reader's sentence of its own", () => {
  const values = { "a.test": 3000 };
  const rows = [
    ...written({ "a.test": { to: 3000, enabled: false } }),
    ...written({ "a.test": "localhost:3000" }),
    ...written(values, workspace, { is: "untrusted" }),
    ...written(values, workspace, { is: "replaced", by: "workspace" }),
    ...written(values, workspace, { is: "conflict", with: "elsewhere" }),
  ].map((each) => routeRow(routeFacts([each], stopped, machine)[0] ?? assert.fail(), l10n));
  assert.deepEqual(
    rows.map(({ state, icon, description }) => [state, icon?.id, description]),
    [
      ["disabled", "circle-slash", "→ localhost:3000 · disabled"],
      ["broken", "error", 'The target "localhost:3000" is not a URL.'],
      ["untrusted", "workspace-untrusted", "→ localhost:3000 · in Restricted Mode"],
      ["replaced", "replace", "→ localhost:3000 · replaced in Workspace"],
      ["conflict", "warning", "→ localhost:3000 · another target in elsewhere"],
    ],
  );
  assert.equal(new Set(rows.map(({ spoken }) => spoken)).size, rows.length);
});

test("a route keeps its id whatever becomes of it, and has another one in each place", () => {
  assert.equal(row("a.test", 3000, ill).id, row("a.test", { to: 3001, enabled: false }).id);
  const routes = [...written({ "a.test": 3000 }, user), ...written({ "a.test": 3000 })];
  const ids = routeFacts(routes, running(routes), machine).map((facts) => routeRow(facts, l10n).id);
  assert.equal(new Set(ids).size, 2);
});

const offers: readonly [what: string, ReturnType<typeof row>, words: string][] = [
  ["a web service", row("a.test", 3000), "route named web written editable enabled curl"],
  ["a WebSocket service", row("a.test", "ws://localhost:5000"), "route named written editable enabled curl"],
  ["PostgreSQL", row("a.test", "tcp://localhost:5432"), "route named stream written editable enabled psql"],
  [
    "some TCP service",
    row("a.test", "tcp://localhost:9"),
    "route named stream written editable enabled openssl",
  ],
  [
    "a passthrough",
    row("a.test", "tls://localhost:8444"),
    "route named web written editable enabled curl openssl",
  ],
  ["a wildcard", row("*.a.test", 3000), "route written editable enabled"],
  ["the default route", row("*", 3000), "route written editable enabled"],
  ["a disabled route", row("a.test", { to: 3000, enabled: false }), "route written editable disabled"],
  ["a route that is not valid", row("a.test", "nonsense"), "route written editable"],
  [
    "a name that does not resolve",
    row("a.test", 3000, {}, { resolves: () => false }),
    "route named web unresolved written editable enabled curl",
  ],
  [
    "a name under .localhost, which no hosts file is asked for",
    row("a.localhost", 3000, {}, { resolves: () => false }),
    "route named web written editable enabled curl",
  ],
  ["a mux that is stopped", row("a.test", 3000, { phase: "stopped" }), "route written editable enabled"],
];

for (const [what, { contextValue }, words] of offers) {
  test(`the menu for ${what} is chosen by the words ${words}`, () => assert.equal(contextValue, words));
}

test("nothing acts on what an untrusted folder says, though it can be looked at", () => {
  const routes = written({ "a.test": 3000 }, workspace, { is: "untrusted" });
  const [facts] = routeFacts(routes, { ...running([]), targets: healthy.targets }, machine);
  assert.ok(facts);
  assert.equal(facts.endpoint, undefined);
  assert.equal(facts.state, "untrusted");
  assert.equal(routeRow(facts, l10n).contextValue, "route written");
});

test("another window's route can be used but not edited", () => {
  const others = running(written({ "db.test": "tcp://localhost:5432" }));
  const [facts] = routeFacts(written({ "db.test": { to: 1, enabled: false } }), others, machine).slice(-1);
  assert.ok(facts);
  assert.equal(facts.written, undefined);
  assert.match(facts.endpoint?.address ?? "", /^127\.77\./);
  assert.equal(routeRow(facts, l10n).contextValue, "route named stream psql");
});

test("a domain that another window holds is that window's, and a conflict here", () => {
  const member = (id: string, conflicts: SessionWindow["conflicts"]): SessionWindow => {
    return {
      id,
      name: `Window ${id}`,
      kind: "window",
      pid: 1,
      role: "member",
      routes: ["a.test"],
      conflicts,
    };
  };
  const windows = [member("two", []), member("one", [{ domain: "a.test", heldBy: "two" }])];
  const session = { role: "member", own: "one", windows } as const;
  const state = running(written({ "a.test": 4000 }), { session });
  const rows = routeFacts(written({ "a.test": 3000 }), state, machine).map((each) => routeRow(each, l10n));
  assert.deepEqual(
    rows.map(({ description, contextValue }) => [description, contextValue]),
    [
      ["→ localhost:3000 · another target in Window two", "route written editable enabled"],
      ["→ localhost:4000", "route named web curl"],
    ],
  );
});

test("a name that nothing is known to resolve is not relied on in commands, nor is .localhost", () => {
  const endpoint = (name: string, resolves: boolean | undefined) =>
    factsOf(name, "tcp://localhost:5432", {}, { resolves: () => resolves }).endpoint;
  assert.equal(endpoint("a.test", true)?.resolves, true);
  assert.equal(endpoint("a.test", undefined)?.resolves, false);
  assert.equal(endpoint("a.localhost", true)?.resolves, false);
});

test("open connections are rows, the oldest first, and the rest a number", () => {
  const since = Date.UTC(2026, 1, 3, 4, 5);
  const oldest = [
    { id: 7, client: "127.0.0.1:51234", since },
    { id: 9, client: "[::1]:51235", since },
  ];
  const open = new Map([["a.test", { domain: "a.test", count: 19, oldest }]]);
  const { children } = row("a.test", 3000, { open });
  const time = `since ${new Date(since).toLocaleTimeString()}`;
  assert.deepEqual(
    children.slice(1).map(({ label, description }) => [label, description]),
    [
      ["127.0.0.1:51234", time],
      ["[::1]:51235", time],
      ["and 17 more", undefined],
    ],
  );
});

test("the tooltip tells the whole story", () => {
  const refusal: Problem = { code: "x", message: "It was refused.", remedy: 'Run "oneport hosts apply".' };
  const more = {
    targets: new Map([down("tcp://localhost:5432")]),
    refusals: new Map([["db.test", refusal]]),
  };
  const { tooltip = "" } = row("db.test", "tcp://localhost:5432", more, { resolves: () => false });
  const address = factsOf("db.test", "tcp://localhost:5432").address ?? assert.fail();
  assert.deepEqual(tooltip.replaceAll("\\", "").split(/\n+/), [
    "**db.test** · TCP, down",
    "Connect to: db.test:8443  ",
    "Goes to: tcp://localhost:5432 refuses connections.  ",
    "Certificate: from Oneport's authority, which this machine does not trust yet  ",
    `Own address: ${address}  `,
    "Written in: the workspace settings  ",
    'Last failure: It was refused. Run "Oneport: Update Hosts File…".',
    "The name does not lead to Oneport on this machine. Update the hosts file.",
  ]);
});

test("the tooltip of a stream under .localhost says what it lacks", () => {
  assert.match(row("db.localhost", "tcp://localhost:5432").tooltip ?? "", /no address of its own/);
  assert.doesNotMatch(row("db.test", "tcp://localhost:5432").tooltip ?? "", /no address of its own/);
  assert.doesNotMatch(row("shop.localhost", 3000).tooltip ?? "", /no address of its own/);
});

test("what a workspace says is text in the tooltip: no link, image, icon, command or line of its own", () => {
  const hostile = "[x](command:y) ![z](http://a/) $(flame) <b> `c` **d** http://e.test\n# f\u202e";
  const { tooltip = "", label, description } = row(hostile, hostile);
  const [head = "", ...rest] = tooltip.split("\n");
  assert.match(
    head,
    /^\*\*\\\[x\\\]\\\(command\\:y\\\) \\!\\\[z\\\]\\\(http\\:\\\/\\\/a\\\/\\\) \\\$\\\(flame\\\)/,
  );
  assert.ok(!rest.some((line) => /^\s*#/.test(line)));
  for (const text of [tooltip, label, description ?? ""]) assert.doesNotMatch(text, /\u202e/);
  assert.doesNotMatch(label, /\n/);
});

test("no two states have the same icon and mark", () => {
  const shapes = Object.values(stateLooks).map(({ icon, mark }) => `${icon} ${mark}`);
  assert.equal(new Set(shapes).size, shapes.length);
});
