/** The setting `oneport.routes`, read into routes and problems. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatDomain } from "../../src/core/domain.ts";
import { formatTarget, parseRoutes, type RouteProblem, schemes } from "../../src/core/route.ts";

/** The one route for this value, under the key a.test. */
function routeFor(value: unknown) {
  const { routes, problems } = parseRoutes({ "a.test": value });
  assert.deepEqual(problems, []);
  const [route] = routes;
  assert.ok(route);
  return route;
}

/** The one problem with this value, under the key a.test, which makes no route. */
function problemWith(value: unknown): RouteProblem {
  const { routes, problems } = parseRoutes({ "a.test": value });
  assert.deepEqual(routes, []);
  const [problem, ...others] = problems;
  assert.ok(problem);
  assert.deepEqual(others, []);
  return problem;
}

test("the short form of a route has every default", () => {
  assert.deepEqual(routeFor(3000), {
    domain: { kind: "exact", name: "a.test" },
    kind: "http",
    targets: [{ scheme: "http", host: "localhost", port: 3000, path: "/" }],
    insecureUpstream: false,
    holdSeconds: 10,
    closeUpstream: false,
    tls: true,
    webSocketBridge: false,
  });
});

const goodTargets: readonly [value: unknown, ...targets: string[]][] = [
  [1, "http://localhost:1"],
  [65535, "http://localhost:65535"],
  ["3000", "http://localhost:3000"],
  ["http://localhost:4000", "http://localhost:4000"],
  ["HTTP://LocalHost:4000/", "http://localhost:4000"],
  ["http://shop.internal", "http://shop.internal:80"],
  ["https://192.168.1.66", "https://192.168.1.66:443"],
  ["http://[::1]:3000", "http://[::1]:3000"],
  ["http://bücher.internal:1", "http://xn--bcher-kva.internal:1"],
  ["http://my_service:1", "http://my_service:1"],
  ["ws://localhost:5000", "ws://localhost:5000"],
  ["ws://localhost:5173/@hmr", "ws://localhost:5173/@hmr"],
  ["ws://localhost/live/ü", "ws://localhost:80/live/%C3%BC"],
  ["wss://localhost/live", "wss://localhost:443/live"],
  ["tcp://localhost:5432", "tcp://localhost:5432"],
  ["tcp://localhost:5432/", "tcp://localhost:5432"],
  ["tls://localhost:8444", "tls://localhost:8444"],
  ["tcp+ws://localhost:5000/tunnel", "tcp+ws://localhost:5000/tunnel"],
  ["tcp+wss://localhost", "tcp+wss://localhost:443"],
  [
    [3001, "3002", "https://localhost:3003", "ws://localhost:3004"],
    "http://localhost:3001",
    "http://localhost:3002",
    "https://localhost:3003",
    "ws://localhost:3004",
  ],
];

for (const [value, ...targets] of goodTargets) {
  test(`${JSON.stringify(value)} is read as ${targets.join(" and ")}, alone and as "to"`, () => {
    const route = routeFor(value);
    assert.deepEqual(route.targets.map(formatTarget), targets);
    assert.deepEqual(routeFor({ to: value }), route);
  });
}

test("the scheme decides the kind of route", () => {
  for (const [scheme, { kind }] of Object.entries(schemes)) {
    assert.equal(routeFor(`${scheme}://localhost:1`).kind, kind);
  }
});

const badTargets: readonly [value: unknown, code: string, remedy: string][] = [
  [0, "target-port", "Write a whole number from 1 to 65535."],
  [65536, "target-port", "Write a whole number from 1 to 65535."],
  [30.5, "target-port", "Write a whole number from 1 to 65535."],
  [Number.NaN, "target-port", "Write a whole number from 1 to 65535."],
  ["65536", "target-port", "Write a whole number from 1 to 65535."],
  [null, "target-type", "Write a port such as 3000,"],
  [true, "target-type", "Write a port such as 3000,"],
  ["", "target-url", "Write a port such as 3000,"],
  ["shop", "target-url", "Write a port such as 3000,"],
  ["/tmp/socket", "target-url", "Write a port such as 3000,"],
  ["localhost:3000", "target-url", 'Write "http://localhost:3000" or "tcp://localhost:3000".'],
  [":3000", "target-url", 'Write "http://localhost:3000" or "tcp://localhost:3000".'],
  ["192.168.1.66:9090", "target-url", 'Write "http://192.168.1.66:9090" or "tcp://192.168.1.66:9090".'],
  ["http:localhost:3000", "target-url", 'Write "http://localhost:3000".'],
  ["http:/localhost:3000", "target-url", 'Write "http://localhost:3000".'],
  ["tcp:5432", "target-url", 'Write "tcp://localhost:5432".'],
  ["tcp+ws:localhost:5000", "target-url", 'Write "tcp+ws://localhost:5000".'],
  [" http://localhost:3000", "target-url", 'Write "http://localhost:3000".'],
  ["http://local host:3000", "target-url", "Write a port such as 3000,"],
  ["htp://localhost:3000", "target-scheme", 'Write "http://localhost:3000".'],
  ["tcp+wsss://localhost:1/x", "target-scheme", 'Write "tcp+wss://localhost:1/x".'],
  [
    "postgres://localhost:5432/db",
    "target-scheme",
    'Write "tcp://localhost:5432" for any protocol over TCP;',
  ],
  ["constructor://localhost:1", "target-scheme", 'Write "tcp://localhost:1" for any protocol over TCP;'],
  ["http://me:pw@localhost:3000", "target-user-name", 'Write "http://localhost:3000".'],
  ["ws://localhost:3000/x?y=1", "target-query", 'Write "ws://localhost:3000/x".'],
  ["http://localhost:3000#x", "target-fragment", 'Write "http://localhost:3000".'],
  ["http://localhost:3000/api", "target-path", 'Write "http://localhost:3000":'],
  ["tcp://localhost:5432/db", "target-path", 'Write "tcp://localhost:5432".'],
  ["http://", "target-host", 'Write "http://localhost:3000" with'],
  ["http://:3000", "target-host", 'Write "http://localhost:3000" with'],
  ["http://127.1:3000", "target-host", 'Write "http://localhost:3000" with'],
  ["http://::1:3000", "target-host", 'Write "http://localhost:3000" with'],
  ["http://[::1:3000", "target-host", 'Write "http://localhost:3000" with'],
  ["http://*.test:3000", "target-host", 'Write "http://localhost:3000" with'],
  ["http://localhost:65536", "target-host", 'Write "http://localhost:3000" with'],
  ["tcp://localhost", "target-port-missing", 'Write "tcp://localhost:PORT" with'],
  ["tls://localhost", "target-port-missing", 'Write "tls://localhost:PORT" with'],
  ["http://localhost:", "target-port-missing", 'Write "http://localhost:PORT" with'],
  ["http://localhost:0", "target-port", "Write a port from 1 to 65535."],
];

for (const [value, code, remedy] of badTargets) {
  test(`the target ${JSON.stringify(value)} is refused as ${code}`, () => {
    const problem = problemWith(value);
    assert.equal(problem.code, code);
    assert.ok(problem.remedy.startsWith(remedy), problem.remedy);
    assert.deepEqual([problem.path, problem.part], [["a.test"], "value"]);
    assert.deepEqual(problemWith({ to: value }).path, ["a.test", "to"]);
    assert.deepEqual(problemWith([3000, value]).path, ["a.test", 1]);
    assert.deepEqual(problemWith({ to: [3000, value] }).path, ["a.test", "to", 1]);
  });
}

test("no message repeats a password or a query", () => {
  for (const target of [
    "http://me:secret@localhost:3000",
    "http://me:secret@secret@localhost:3000",
    "postgres://me:secret@localhost/db",
    "me:secret@localhost:3000",
    "http://localhost:3000/?secret",
    "postgres://localhost:1/#secret",
  ]) {
    const { message, remedy } = problemWith(target);
    assert.doesNotMatch(message + remedy, /secret/);
  }
});

test("a list holds at least one target, no list and no object", () => {
  assert.deepEqual([problemWith([]).code, problemWith([]).part], ["route-without-target", "value"]);
  assert.deepEqual(problemWith({ to: [] }).path, ["a.test", "to"]);
  assert.equal(problemWith([[3000]]).code, "target-type");
  assert.equal(problemWith([{ to: 3000 }]).code, "target-type");
});

test("each target that is not of the first one's kind is a problem", () => {
  const { routes, problems } = parseRoutes({
    "a.test": ["tcp://localhost:1", 2, "tcp://localhost:3", "tls://localhost:4"],
  });
  assert.deepEqual(routes, []);
  assert.deepEqual(
    problems.map(({ code, path }) => [code, path]),
    [
      ["route-mixed-targets", ["a.test", 1]],
      ["route-mixed-targets", ["a.test", 3]],
    ],
  );
  const problem = problemWith({ to: [3000, "tcp://localhost:1"] });
  assert.deepEqual([problem.path, problem.part], [["a.test", "to", 1], "value"]);
});

const goodOptions: readonly [to: string, options: object, expected: object][] = [
  ["http://localhost:1", { hostHeader: "localhost:3000" }, { hostHeader: "localhost:3000" }],
  ["https://localhost:1", { hostHeader: "localhost" }, { hostHeader: "localhost" }],
  ["ws://localhost:1", { hostHeader: "localhost" }, { hostHeader: "localhost" }],
  ["wss://localhost:1", { hostHeader: "localhost" }, { hostHeader: "localhost" }],
  ["https://localhost:1", { insecureUpstream: true }, { insecureUpstream: true }],
  ["wss://localhost:1", { insecureUpstream: true }, { insecureUpstream: true }],
  ["tcp+wss://localhost:1", { insecureUpstream: true }, { insecureUpstream: true }],
  ["tls://localhost:1", { hold: 0 }, { holdSeconds: 0 }],
  ["tls://localhost:1", { hold: 600 }, { holdSeconds: 600 }],
  ["http://localhost:1", { closeUpstream: true }, { closeUpstream: true }],
  ["https://localhost:1", { closeUpstream: true }, { closeUpstream: true }],
  ["tcp://localhost:1", { sendProxy: 1 }, { sendProxy: 1 }],
  ["tls://localhost:1", { sendProxy: 2 }, { sendProxy: 2 }],
  ["tcp://localhost:1", { tls: false }, { tls: false }],
  ["tcp+ws://localhost:1", { tls: false }, { tls: false }],
  ["tcp+wss://localhost:1", { tls: false }, { tls: false }],
  ["tcp://localhost:1", { webSocketBridge: true }, { webSocketBridge: true }],
  ["http://localhost:1", { healthPath: "/up?deep=1" }, { healthPath: "/up?deep=1" }],
  ["https://localhost:1", { healthPath: "/" }, { healthPath: "/" }],
  ["http://localhost:1", { enabled: true }, {}],
];

for (const [to, options, expected] of goodOptions) {
  test(`${JSON.stringify(options)} is an option of a route to ${to}`, () => {
    assert.deepEqual(routeFor({ to, ...options }), { ...routeFor(to), ...expected });
  });
}

const badOptions: readonly [to: string, option: string, value: unknown, code: string, key: string][] = [
  ["http://localhost:1", "hostHeader", "", "option-value", "value"],
  ["http://localhost:1", "hostHeader", "a\r\nb", "option-value", "value"],
  ["http://localhost:1", "hostHeader", "http://a.test", "option-value", "value"],
  ["tcp://localhost:1", "hostHeader", "a.test", "option-misplaced", "key"],
  ["tcp+ws://localhost:1", "hostHeader", "a.test", "option-misplaced", "key"],
  ["https://localhost:1", "insecureUpstream", "true", "option-value", "value"],
  ["http://localhost:1", "insecureUpstream", true, "option-misplaced", "key"],
  ["tls://localhost:1", "insecureUpstream", true, "option-misplaced", "key"],
  ["tcp://localhost:1", "hold", -1, "option-value", "value"],
  ["tcp://localhost:1", "hold", 601, "option-value", "value"],
  ["tcp://localhost:1", "hold", Number.NaN, "option-value", "value"],
  ["tcp://localhost:1", "hold", "10s", "option-value", "value"],
  ["http://localhost:1", "closeUpstream", 1, "option-value", "value"],
  ["tcp://localhost:1", "closeUpstream", true, "option-misplaced", "key"],
  ["tcp://localhost:1", "sendProxy", true, "option-value", "value"],
  ["tcp://localhost:1", "sendProxy", 3, "option-value", "value"],
  ["http://localhost:1", "sendProxy", 2, "option-misplaced", "key"],
  ["tcp://localhost:1", "tls", null, "option-value", "value"],
  ["tls://localhost:1", "tls", false, "option-misplaced", "key"],
  ["http://localhost:1", "tls", false, "option-misplaced", "key"],
  ["http://localhost:1", "webSocketBridge", true, "option-misplaced", "key"],
  ["http://localhost:1", "healthPath", "up", "option-value", "value"],
  ["http://localhost:1", "healthPath", "/a b", "option-value", "value"],
  ["http://localhost:1", "healthPath", "/a\r\n", "option-value", "value"],
  ["ws://localhost:1", "healthPath", "/up", "option-misplaced", "key"],
  ["http://localhost:1", "enabled", "no", "option-value", "value"],
  ["http://localhost:1", "constructor", true, "option-unknown", "key"],
];

for (const [to, option, value, code, key] of badOptions) {
  test(`"${option}": ${JSON.stringify(value)} is refused for ${to} as ${code}`, () => {
    const problem = problemWith({ to, [option]: value });
    assert.deepEqual([problem.code, problem.path, problem.part], [code, ["a.test", option], key]);
  });
}

test("an unknown option is told with the one that was meant", () => {
  assert.equal(problemWith({ to: 1, hodl: 5 }).remedy, 'Write "hold".');
  assert.equal(problemWith({ to: 1, hostheader: "a" }).remedy, 'Write "hostHeader".');
  assert.match(problemWith({ to: 1, colour: "red" }).remedy, /^Write one of to, enabled, .* or healthPath/);
});

test("an option for one target of a list is an option of the route", () => {
  assert.equal(
    routeFor({ to: [3000, "https://localhost:1"], insecureUpstream: true }).insecureUpstream,
    true,
  );
});

test("all problems of one route are told", () => {
  const { problems } = parseRoutes({ "a.test/x": { to: "http//b", hold: -1, holt: 1 } });
  assert.deepEqual(problems.map((problem) => problem.code).sort(), [
    "domain-path",
    "option-unknown",
    "option-value",
    "target-url",
  ]);
});

test("a route that is not enabled is listed, needs no target and is not routed", () => {
  const { routes, disabled, problems } = parseRoutes({
    "a.test": { enabled: false },
    "b.test": { enabled: false, to: 3000 },
    "c.test": { to: 3000 },
  });
  assert.deepEqual(problems, []);
  assert.deepEqual(
    disabled.map(({ domain, targets }) => [formatDomain(domain), targets.map(formatTarget)]),
    [
      ["a.test", []],
      ["b.test", ["http://localhost:3000"]],
    ],
  );
  assert.deepEqual(
    routes.map((route) => formatDomain(route.domain)),
    ["c.test"],
  );
});

test("an enabled route without a target is a problem at its value", () => {
  const { code, path, part } = problemWith({ hold: 5 });
  assert.deepEqual([code, path, part], ["route-without-target", ["a.test"], "value"]);
});

test("the second key for one domain is a problem, and the first stands", () => {
  const { routes, problems } = parseRoutes({
    "Shop.test.": 1,
    "shop.test": 2,
    "*.a.test": 3,
    "*.A.test": 4,
    "b.test": { enabled: false },
    "B.test": 5,
  });
  assert.deepEqual(
    problems.map(({ code, path, part }) => [code, path, part]),
    [
      ["route-duplicate", ["shop.test"], "key"],
      ["route-duplicate", ["*.A.test"], "key"],
    ],
  );
  assert.deepEqual(
    routes.map((route) => route.targets[0].port),
    [1, 3, 5],
  );
});

test("a key whose route is no good takes nothing from another one for the same domain", () => {
  const { routes, problems } = parseRoutes({ "Shop.test": "nonsense", "shop.test": 2 });
  assert.deepEqual(
    problems.map(({ path }) => path),
    [["Shop.test"]],
  );
  assert.deepEqual(
    routes.map((route) => route.targets[0].port),
    [2],
  );
});

test("keys that objects inherit are ordinary keys", () => {
  const value: unknown = JSON.parse(
    '{ "__proto__": 1, "constructor": 2, "tostring": { "to": 3, "__proto__": 4 } }',
  );
  const { routes, problems } = parseRoutes(value);
  assert.deepEqual(
    routes.map((route) => formatDomain(route.domain)),
    ["__proto__", "constructor"],
  );
  assert.deepEqual(
    problems.map(({ code, path }) => [code, path]),
    [["option-unknown", ["tostring", "__proto__"]]],
  );
});

test("routes that nobody set are no routes, and anything but an object is a problem", () => {
  assert.deepEqual(parseRoutes(undefined), { routes: [], disabled: [], problems: [] });
  for (const value of [null, [], "a.test", 3000, true]) {
    const { routes, problems } = parseRoutes(value);
    assert.deepEqual(routes, []);
    assert.deepEqual(
      problems.map(({ code, path, part }) => [code, path, part]),
      [["routes-type", [], "value"]],
    );
  }
});

/** The mulberry32 generator: the same numbers from 0 to 1 on each run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test("whatever stands beside it, a good route survives and nothing is thrown", () => {
  const random = randomFrom(1);
  const pieces = [
    "a",
    "http",
    "://",
    "localhost",
    ":",
    "3000",
    "/",
    "?",
    "@",
    "*",
    ".",
    "ü",
    " ",
    "\0",
    "\ud800",
    "[::1]",
    "tcp",
    "to",
    "hold",
    "__proto__",
    "%",
    "-",
  ];
  const pick = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)];
  const text = () => Array.from({ length: random() * 8 }, () => pick(pieces)).join("");
  const value = (depth: number): unknown => {
    const choice = random() * (depth > 3 ? 5 : 7);
    if (choice < 1) return text();
    if (choice < 2) return Math.round((random() - 0.2) * 80_000);
    if (choice < 3) return random() * 1000;
    if (choice < 4) return pick([null, true, false]);
    if (choice < 5) return pick(["http://localhost:1", "tcp://localhost:2", "3"]);
    if (choice < 6) return Array.from({ length: random() * 4 }, () => value(depth + 1));
    const keys = Array.from({ length: random() * 4 }, () => pick(["to", "hold", "tls", "enabled", text()]));
    return Object.fromEntries(keys.map((key) => [key, value(depth + 1)]));
  };
  for (let round = 0; round < 3000; round++) {
    const others = Array.from({ length: 4 }, () => [`${text()}${round}`, value(0)]);
    const { routes, disabled, problems } = parseRoutes(Object.fromEntries([...others, ["good.test", 3000]]));
    assert.ok(routes.some((route) => formatDomain(route.domain) === "good.test"));
    const keys = new Set(others.map(([key]) => key));
    const told = new Set(problems.map(({ path }) => path[0]));
    // Each entry is a route, is disabled or is a problem: none is lost in silence.
    assert.ok(routes.length - 1 + disabled.length + told.size >= keys.size);
    for (const problem of problems) assert.ok(problem.message && problem.remedy && problem.code);
  }
});
