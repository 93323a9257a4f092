import assert from "node:assert/strict";
import { test } from "node:test";
import { decide, unreachable } from "../../src/core/http-decision.ts";
import type { RequestHead } from "../../src/core/http-request.ts";
import { RouteTable } from "../../src/core/match.ts";
import { parseRoutes } from "../../src/core/route.ts";

const routes = {
  "shop.test": 3000,
  "*.api.test": 3001,
  "db.test": "tcp://localhost:5432",
  "auth.test": "tls://localhost:8444",
  "tunnel.test": "tcp+ws://localhost:5000/",
};

function decision(
  host: string | undefined,
  options: { head?: Partial<RequestHead>; port?: number; securedName?: string; routes?: object } = {},
) {
  const headers = host === undefined ? [] : ["Host", host];
  const head: RequestHead = {
    version: host === undefined ? "1.0" : "1.1",
    method: "GET",
    target: "/a?b",
    headers,
    ...options.head,
  };
  return decide(head, {
    table: new RouteTable(parseRoutes(options.routes ?? routes).routes),
    port: options.port ?? 8443,
    instance: "me",
    securedName: options.securedName,
  });
}

function refusal(...args: Parameters<typeof decision>) {
  const made = decision(...args);
  assert.equal(made.kind, "refuse");
  return made.kind === "refuse" ? [made.refusal.status, made.refusal.problem.code] : [];
}

test("a request for an HTTP route is passed on, with what was made of it", () => {
  const made = decision("Shop.test:8443");
  assert.equal(made.kind, "forward");
  if (made.kind !== "forward") return;
  assert.deepEqual(made.route.domain, { kind: "exact", name: "shop.test" });
  assert.deepEqual(made.accepted, { authority: "Shop.test:8443", name: "shop.test", path: "/a?b" });
  assert.equal(decision("v1.api.test").kind, "forward");
});

test("a domain without a route is a 404, if it is named or not", () => {
  assert.deepEqual(refusal("nobody.test"), [404, "no-route"]);
  assert.deepEqual(refusal(undefined), [404, "no-route"]);
  assert.equal(decision(undefined, { routes: { "*": 3000 } }).kind, "forward");
  assert.equal(decision("127.0.0.1", { routes: { "*": 3000 } }).kind, "forward");
});

test("a malformed request is refused before any route is looked for", () => {
  assert.deepEqual(refusal("shop.test", { head: { target: "odd" } }), [400, "bad-request"]);
  assert.deepEqual(refusal("shop.test", { head: { method: "CONNECT" } }), [501, "bad-request"]);
});

test("on a connection that was opened for one name, every other is misdirected, known or not", () => {
  const securedName = "shop.test";
  assert.equal(decision("SHOP.test.:8443", { securedName }).kind, "forward");
  for (const host of ["v1.api.test", "nobody.test", "auth.test", undefined]) {
    assert.deepEqual(refusal(host, { securedName }), [421, "misdirected-request"], host);
  }
});

test("a passthrough route sends its clients to https, the port only where it must be said", () => {
  for (const [port, location] of [
    [8443, "https://auth.test:8443/a?b"],
    [443, "https://auth.test/a?b"],
  ] as const) {
    const made = decision("Auth.test:80", { port });
    assert.equal(made.kind === "redirect" && made.location, location);
  }
});

test("a route that is not HTTP cannot take a request: 421", () => {
  for (const host of ["db.test", "tunnel.test"]) assert.deepEqual(refusal(host), [421, "not-http"]);
  assert.deepEqual(refusal(undefined, { routes: { "*": "tls://localhost:1" } }), [421, "not-http"]);
});

test("a request that has been here before is a loop, and one that has been elsewhere is not", () => {
  const seen = (hops: string) => ({ head: { headers: ["Host", "shop.test", "Oneport-Hop", hops] } });
  assert.deepEqual(refusal("shop.test", seen("other, me")), [508, "loop-detected"]);
  assert.equal(decision("shop.test", seen("other")).kind, "forward");
});

test("a service that cannot be reached is a 502, and one that is the mux itself a 508", () => {
  const problem = { message: "", remedy: "" };
  for (const [code, status] of [
    ["target-down", 502],
    ["target-untrusted", 502],
    ["target-is-mux", 508],
  ] as const) {
    assert.equal(unreachable({ ...problem, code }).status, status);
  }
});
