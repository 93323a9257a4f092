/** What a refused HTTP request is answered, in each of its three forms. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { RouteSummary } from "../../src/core/events.ts";
import { type Refusal, renderRefusal } from "../../src/core/refusal-page.ts";

const refusal: Refusal = {
  status: 404,
  code: "no-route",
  title: "No route",
  message: "No route takes nowhere.localhost.",
  remedy: "Add it to oneport.routes.",
  domain: "nowhere.localhost",
  retry: false,
};

const routes: readonly RouteSummary[] = [
  { domain: "shop.localhost", kind: "http", targets: ["http://localhost:3000"] },
  { domain: "db.shop.test", kind: "tcp", targets: ["tcp://localhost:5432"], address: "127.77.1.2" },
  { domain: "*.preview.shop.test", kind: "http", targets: ["http://localhost:3001"] },
  { domain: "*", kind: "http", targets: ["http://localhost:3002"] },
];

const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const page = (change: Partial<Refusal> = {}, port = 8443) =>
  renderRefusal({ ...refusal, ...change }, routes, port, browser).body;

test("a browser gets a page that says what was asked for, what went wrong and what to do", () => {
  const { contentType, body } = renderRefusal(refusal, routes, 8443, browser);
  assert.equal(contentType, "text/html; charset=utf-8");
  assert.match(body, /^<!doctype html>\n<html lang="en">/);
  assert.match(body, /<title>No route: nowhere\.localhost<\/title>/);
  assert.match(body, /<code>nowhere\.localhost<\/code>/);
  assert.match(body, /<h1>No route<\/h1>/);
  assert.match(body, /No route takes nowhere\.localhost\./);
  assert.match(body, /Add it to oneport\.routes\./);
});

test("the page links http routes at their secure origin and names the others with their port", () => {
  assert.match(page(), /<a href="https:\/\/shop\.localhost:8443\/">https:\/\/shop\.localhost:8443\/<\/a>/);
  assert.match(page(), /<code>db\.shop\.test:8443<\/code>/);
  assert.match(page(), /<code>\*\.preview\.shop\.test<\/code>/);
  assert.match(page(), /<code>\* \(every other domain\)<\/code>/);
  assert.equal(page().match(/<a /g)?.length, 1);
});

test("port 443 is not written into a link", () => {
  assert.match(page({}, 443), /href="https:\/\/shop\.localhost\/"/);
});

test("the page loads nothing from anywhere", () => {
  assert.doesNotMatch(
    page({ retry: true }),
    /(src|href)="(?!https:\/\/shop\.localhost:8443\/")|url\(|@import/,
  );
});

test("its policy lets exactly its own style and script run", () => {
  const body = page({ retry: true });
  for (const [element, directive] of [
    ["style", "style-src"],
    ["script", "script-src"],
  ] as const) {
    const text = new RegExp(`<${element}>([^<]*)</${element}>`).exec(body)?.[1] ?? assert.fail(element);
    const hash = createHash("sha256").update(text).digest("base64");
    assert.ok(body.includes(`${directive} 'sha256-${hash}'`), `${directive} does not name the hash`);
  }
});

test("beyond its own style and script the page may load nothing but itself", () => {
  const [, policy = ""] = /Content-Security-Policy" content="([^"]*)"/.exec(page({ retry: true })) ?? [];
  const others = policy.split("; ").filter((directive) => !/^(style|script)-src /.test(directive));
  assert.deepEqual(others, [
    "default-src 'none'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
  ]);
});

test("a hostile name stays text on the page, wherever it stands", () => {
  const hostile = `"><script>alert(1)</script><a href='javascript:1'>&amp;\u001b\u0000`;
  const hostileRoute: RouteSummary = { domain: hostile, kind: "http", targets: [] };
  const { body } = renderRefusal(
    { ...refusal, domain: hostile, title: hostile, message: hostile, remedy: hostile },
    [hostileRoute],
    8443,
    browser,
  );
  assert.doesNotMatch(body, /<script/);
  assert.doesNotMatch(body, /'javascript/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is what is tested
  assert.doesNotMatch(body, /[\u0000\u001b]/);
  const escaped =
    "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;a href=&#39;javascript:1&#39;&gt;&amp;amp;";
  assert.equal(body.split(escaped).length - 1, 8);
});

test("with retry the page says that it loads again, does so, and does so without scripts too", () => {
  const body = page({ retry: true });
  assert.match(body, /role="status">This page loads again by itself as soon as the service is up\./);
  assert.match(body, /<noscript><meta http-equiv="refresh" content="2"><\/noscript>/);
  const script = /<script>([\s\S]*)<\/script>/.exec(body)?.[1] ?? assert.fail("no script");
  assert.match(script, /headers\.has\("oneport-refusal"\)/);
});

test("without retry there is neither a script nor a refresh", () => {
  assert.doesNotMatch(page(), /<script|http-equiv="refresh"|by itself/);
});

test("curl gets plain text", () => {
  const { contentType, body } = renderRefusal(refusal, routes, 8443, "*/*");
  assert.equal(contentType, "text/plain; charset=utf-8");
  assert.equal(
    body,
    [
      "404 No route",
      "",
      "Asked for: nowhere.localhost",
      "No route takes nowhere.localhost.",
      "Add it to oneport.routes.",
      "",
      "Routes:",
      "  https://shop.localhost:8443/",
      "  db.shop.test:8443  (tcp)",
      "  *.preview.shop.test",
      "  * (every other domain)",
      "",
    ].join("\n"),
  );
});

test("plain text cannot steer the terminal that shows it", () => {
  const { body } = renderRefusal({ ...refusal, domain: "a\u001b]0;x\u0007\nHTTP" }, routes, 8443, undefined);
  assert.match(body, /^Asked for: a\\x1b\]0;x\\x07\\x0aHTTP$/m);
});

test("a program that asks for JSON gets the code, and the routes by name", () => {
  const { contentType, body } = renderRefusal(
    { ...refusal, domain: undefined },
    routes,
    8443,
    "application/json",
  );
  assert.equal(contentType, "application/json");
  assert.deepEqual(JSON.parse(body), {
    error: {
      status: 404,
      code: "no-route",
      title: "No route",
      message: "No route takes nowhere.localhost.",
      remedy: "Add it to oneport.routes.",
    },
    routes: [
      { domain: "shop.localhost", kind: "http", url: "https://shop.localhost:8443/" },
      { domain: "db.shop.test", kind: "tcp" },
      { domain: "*.preview.shop.test", kind: "http" },
      { domain: "*", kind: "http" },
    ],
  });
});

test("no form tells where the services listen", () => {
  for (const accept of [browser, "application/json", "*/*"]) {
    const { body } = renderRefusal(refusal, routes, 8443, accept);
    assert.doesNotMatch(body, /:3000|:5432|127\.77/);
  }
});

test("without any route each form says so", () => {
  assert.match(renderRefusal(refusal, [], 8443, browser).body, /There are no routes yet\./);
  assert.match(renderRefusal(refusal, [], 8443, "*/*").body, /There are no routes yet\./);
  assert.deepEqual(JSON.parse(renderRefusal(refusal, [], 8443, "application/json").body).routes, []);
});
