/** What views know of the mux, event by event. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConnectionReport, MuxEvent } from "../../src/core/events.ts";
import { type MuxState, nextState, stopped } from "../../src/core/mux-state.ts";

const after = (...events: MuxEvent[]): MuxState =>
  events.reduce(nextState, { ...stopped, phase: "starting" });

const listening: MuxEvent = { type: "listening", port: 8443, addresses: ["127.0.0.1"] };
const routes = (...domains: string[]): MuxEvent => ({
  type: "routes",
  routes: domains.map((domain) => ({ domain, kind: "http", targets: [`http://localhost:${domain.length}`] })),
});
const problem = { code: "target-down", message: "It is down.", remedy: "Start it." };
const connection = (ending: ConnectionReport["ending"], route = "a.test"): MuxEvent => ({
  type: "connection",
  connection: {
    id: 1,
    client: "127.0.0.1:5",
    seen: { by: "sni", name: route },
    route,
    requests: 0,
    received: 0,
    sent: 0,
    milliseconds: 1,
    ending,
  },
});

test("it runs from the moment it listens", () => {
  const state = after(listening);
  assert.equal(state.phase, "running");
  assert.equal(state.port, 8443);
});

test("a target is as it was last seen", () => {
  const target = "http://localhost:6";
  const state = after(
    listening,
    routes("a.test"),
    { type: "target", target, state: "down", reason: "refused" },
    { type: "target", target, state: "up" },
  );
  assert.deepEqual(state.targets.get(target), { state: "up" });
});

test("what was known of routes that are gone is forgotten", () => {
  const state = after(
    listening,
    routes("a.test", "other.test"),
    { type: "target", target: "http://localhost:6", state: "down" },
    { type: "open", routes: [{ domain: "a.test", count: 1, oldest: [] }] },
    connection({ how: "refused", problem }),
    routes("other.test"),
  );
  assert.deepEqual([state.targets.size, state.open.size, state.refusals.size], [0, 0, 0]);
});

test("what was known of routes that stay is kept", () => {
  const before = after(
    listening,
    routes("a.test"),
    { type: "target", target: "http://localhost:6", state: "down", reason: "refused" },
    { type: "open", routes: [{ domain: "a.test", count: 1, oldest: [] }] },
    connection({ how: "refused", problem }),
  );
  const { targets, open, refusals } = nextState(before, routes("a.test", "other.test"));
  assert.deepEqual([...targets], [["http://localhost:6", { state: "down", reason: "refused" }]]);
  assert.deepEqual([...open], [["a.test", { domain: "a.test", count: 1, oldest: [] }]]);
  assert.deepEqual([...refusals], [["a.test", problem]]);
});

test("it is overloaded as long as connections are turned away", () => {
  const overload = { type: "overload", limit: 10, turnedAway: 1 } as const;
  const over = after(listening, { ...overload, isOver: true });
  assert.equal(over.isOverloaded, true);
  assert.equal(nextState(over, { ...overload, isOver: false }).isOverloaded, false);
});

test("who takes part is as it was last told", () => {
  const windows = [
    {
      id: "a",
      name: "shop",
      kind: "window" as const,
      pid: 7,
      role: "owner" as const,
      routes: [],
      conflicts: [],
    },
  ];
  const state = after(listening, { type: "session", role: "member", own: "b", windows });
  assert.deepEqual(state.session, { role: "member", own: "b", windows });
});

test("the last refusal of a route stands until a connection succeeds", () => {
  const refused = after(listening, routes("a.test"), connection({ how: "refused", problem }));
  assert.deepEqual(refused.refusals.get("a.test"), problem);
  assert.equal(nextState(refused, connection({ how: "closed" })).refusals.size, 0);
  const both = nextState(refused, connection({ how: "refused", problem }, "other.test"));
  assert.deepEqual([...nextState(both, connection({ how: "closed" })).refusals.keys()], ["other.test"]);
});

test("when it is stopped nothing is left, whatever went wrong while it ran", () => {
  const state = after(listening, routes("a.test"), { type: "problem", problem }, { type: "stopped" });
  assert.deepEqual(state, stopped);
});

test("when it cannot start, or cannot go on, nothing is left but why", () => {
  const failedStart = after({ type: "problem", problem }, { type: "stopped" });
  const failedLater = after(
    listening,
    routes("a.test"),
    { type: "problem", problem },
    { type: "stopped", problem },
  );
  assert.deepEqual(failedStart, { ...stopped, failure: problem });
  assert.deepEqual(failedLater, { ...stopped, failure: problem });
});
