/** Events as log lines. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConnectionReport } from "../../src/core/events.ts";
import { formatEvent } from "../../src/core/log-line.ts";

const plain = (_format: string, text: string) => text;

const report: ConnectionReport = {
  id: 1,
  client: "127.0.0.1:51234",
  seen: { by: "sni", name: "shop.localhost" },
  route: "shop.localhost",
  rule: "exact",
  target: "http://localhost:3000",
  requests: 3,
  received: 1234,
  sent: 5_600_000,
  milliseconds: 12.4,
  ending: { how: "closed" },
};

const line = (change: Partial<ConnectionReport> = {}) =>
  formatEvent({ type: "connection", connection: { ...report, ...change } }, plain);
const words = (change: Partial<ConnectionReport> = {}) => line(change).split(/ {2,}/);

test("a connection is told from its client to its end", () => {
  assert.deepEqual(words(), [
    "127.0.0.1:51234",
    "TLS SNI shop.localhost",
    "exact shop.localhost",
    "→ http://localhost:3000",
    "3 req",
    "1.2 kB in",
    "5.6 MB out",
    "12 ms",
    "closed",
  ]);
});

test("it says what the client showed of itself", () => {
  assert.equal(words({ seen: { by: "host", name: "a.test" } })[1], "HTTP Host a.test");
  assert.equal(words({ seen: { by: "address", name: "127.77.1.2" } })[1], "address 127.77.1.2");
  assert.equal(words({ seen: { by: "nothing" } })[1], "no name");
});

test("it says when no route took it, and why it was refused", () => {
  const { route: _route, rule: _rule, target: _target, ...unrouted } = report;
  const problem = { code: "no-route", message: "No route takes shop.localhost.", remedy: "Add one." };
  const connection: ConnectionReport = { ...unrouted, requests: 0, ending: { how: "refused", problem } };
  const text = formatEvent({ type: "connection", connection }, plain);
  assert.match(text, / {2}no route {2}/);
  assert.doesNotMatch(text, /→| req /);
  assert.match(text, /refused: No route takes shop\.localhost\.$/);
});

test("it says who reset the connection", () => {
  assert.equal(words({ ending: { how: "reset", by: "client" } }).at(-1), "reset by client");
  assert.equal(words({ ending: { how: "reset", by: "target" } }).at(-1), "reset by target");
  assert.equal(words({ ending: { how: "stopped" } }).at(-1), "stopped");
});

test("columns of usual connections stand under each other", () => {
  const ends = (text: string) => text.lastIndexOf("closed");
  const other = { client: "[::1]:80", received: 7, sent: 999_999, milliseconds: 61_000, requests: 0 };
  assert.equal(ends(line()), ends(line(other)));
});

test("no name can steer the terminal or look like another line", () => {
  const evil = "a\u001b[2J\r\nb\u00fccher\u202e";
  const escaped = "a\\x1b[2J\\x0d\\x0ab\\xc3\\xbccher\\xe2\\x80\\xae";
  const problem = { code: "x", message: "Bad.\u001b[31m\n", remedy: "" };
  const text = line({
    client: evil,
    seen: { by: "sni", name: evil },
    route: evil,
    target: evil,
    ending: { how: "refused", problem },
  });
  assert.equal(text.split(escaped).length - 1, 4);
  assert.match(text, /refused: Bad\.\\x1b\[31m\\x0a$/);
});

const sizes: readonly (readonly [number, string])[] = [
  [0, "0 B"],
  [999, "999 B"],
  [1_000, "1.0 kB"],
  [999_949, "999.9 kB"],
  [999_950, "1.0 MB"],
  [2_500_000_000, "2.5 GB"],
  [7_000_000_000_000_000, "7000.0 TB"],
];
for (const [count, text] of sizes) {
  test(`${count} bytes are written as ${text}`, () =>
    assert.equal(words({ received: count })[5], `${text} in`));
}

const durations: readonly (readonly [number, string])[] = [
  [0.2, "0 ms"],
  [999.4, "999 ms"],
  [999.6, "1.0 s"],
  [59_940, "59.9 s"],
  [59_960, "1 min"],
  [5_940_000, "99 min"],
  [86_400_000, "24 h"],
];
for (const [milliseconds, text] of durations) {
  test(`${milliseconds} milliseconds are written as ${text}`, () =>
    assert.equal(words({ milliseconds })[7], text));
}

test("a target that comes or goes is a line, with the reason", () => {
  const target = "tcp://localhost:5432";
  assert.equal(
    formatEvent(
      { type: "target", target, state: "down", reason: `${target} is not up: nothing listens there.` },
      plain,
    ),
    "tcp://localhost:5432 is not up: nothing listens there.",
  );
  assert.equal(formatEvent({ type: "target", target, state: "up" }, plain), "tcp://localhost:5432 is up");
});

test("the limit on connections is a line when it is reached, and when it is no more", () => {
  const overload = { type: "overload", limit: 4000, turnedAway: 7 } as const;
  assert.match(
    formatEvent({ ...overload, isOver: true }, plain),
    /^All 4000 connections, to clients and to services, are in use; .*ulimit/,
  );
  assert.equal(
    formatEvent({ ...overload, isOver: false }, plain),
    "Connections are accepted again; 7 were turned away so far.",
  );
});

test("a problem is a line that says what to do", () => {
  const problem = { code: "x", message: "It broke.", remedy: "Mend it." };
  assert.equal(formatEvent({ type: "problem", problem }, plain), "It broke. Mend it.");
});
