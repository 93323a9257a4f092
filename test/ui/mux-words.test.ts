/** What the status bar and its menu say of the mux. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type MuxState, stopped, type TargetState } from "../../src/core/mux-state.ts";
import { describeMux, summarizeServices } from "../../src/ui/mux-words.ts";
import { l10n, running, written } from "./written.ts";

/** A mux with so many routes, of which so many services are down and so many connections open. */
function muxWith({ routes = 0, down = 0, connections = 0 }): MuxState {
  const names = Array.from({ length: routes }, (_, index) => `s${index}.localhost`);
  const targets = Array.from({ length: down }, (_, index): [string, TargetState] => [
    `http://localhost:${index}`,
    { state: "down" },
  ]);
  const open = new Map([["s0.localhost", { domain: "s0.localhost", count: connections, oldest: [] }]]);
  return running(written(Object.fromEntries(names.map((name) => [name, 3000]))), {
    targets: new Map(targets),
    open,
  });
}

test("one is counted in other words than many", () => {
  const one = muxWith({ routes: 1, down: 1, connections: 1 });
  assert.equal(describeMux(one, l10n).text, "Oneport listens on port 8443 with 1 route. 1 service is down.");
  assert.equal(summarizeServices(one, l10n), "1 route · 0 up · 1 down · 1 connection open");
  const many = muxWith({ routes: 3, down: 2, connections: 4 });
  assert.equal(
    describeMux(many, l10n).text,
    "Oneport listens on port 8443 with 3 routes. 2 services are down.",
  );
  assert.equal(summarizeServices(many, l10n), "3 routes · 0 up · 2 down · 4 connections open");
});

test("a mux that was stopped is not wrong, and one that could not go on says why", () => {
  assert.partialDeepStrictEqual(describeMux(stopped, l10n), { text: "Oneport is stopped.", isWrong: false });
  const failure = { code: "port-taken", message: "Port 443 is taken.", remedy: "Take another." };
  const failed = describeMux({ ...stopped, failure }, l10n);
  assert.partialDeepStrictEqual(failed, { text: "Oneport is stopped: Port 443 is taken.", isWrong: true });
  assert.equal(summarizeServices({ ...stopped, failure }, l10n), undefined);
});
