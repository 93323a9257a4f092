/** The routes as a language model reads them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type MuxState, stopped } from "../../src/core/mux-state.ts";
import { type RouteFacts, routeFacts } from "../../src/ui/route-facts.ts";
import { reportRoutes } from "../../src/ui/route-report.ts";

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const running: MuxState = {
  ...stopped,
  phase: "running",
  port: 8443,
  routes: [{ domain: "shop.localhost", kind: "http", targets: ["http://localhost:3000"] }],
  targets: new Map([["http://localhost:3000", { state: "down", reason: "Connection refused." }]]),
};

test("a route has its URL and its health, and what is not known is left out", () => {
  const machine = { resolves: () => undefined, certificateOf: () => ({ by: "itself" }) as const };
  assert.deepEqual(asJson(reportRoutes(running, routeFacts([], running, machine))), {
    mux: { phase: "running", port: 8443 },
    routes: [
      {
        domain: "shop.localhost",
        state: "down",
        kind: "web",
        url: "https://shop.localhost:8443/",
        targets: [{ url: "http://localhost:3000", state: "down", reason: "Connection refused." }],
        writtenIn: "another window",
      },
    ],
  });
});

test("a route that does not act has the reason, and a mux that does not run as well", () => {
  const problem = { code: "port-taken", message: "Port 443 is taken.", remedy: 'Run "oneport start".' };
  const broken: RouteFacts = { domain: "a b", state: "broken", targets: [], problems: [problem] };
  assert.deepEqual(asJson(reportRoutes({ ...stopped, failure: problem }, [broken])), {
    mux: { phase: "stopped", problem: "Port 443 is taken." },
    routes: [
      {
        domain: "a b",
        state: "broken",
        targets: [],
        problems: ['Port 443 is taken. Run "Oneport: Start Mux".'],
        writtenIn: "another window",
      },
    ],
  });
});
