/** The settings under `oneport.`, each with its default. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatDomain } from "../../src/core/domain.ts";
import { parseSettings, settingKeys } from "../../src/core/settings.ts";

const defaults = {
  routes: [],
  disabledRoutes: [],
  port: "auto",
  acceptProxy: [],
  certificates: "authority",
  certificateFiles: [],
  autoStart: true,
  helloTimeout: 10,
  terminalTrustAuthority: false,
};

test("without any setting there are the defaults", () => {
  assert.deepEqual(parseSettings({}), { settings: defaults, problems: [] });
});

test("good values are taken", () => {
  const { settings, problems } = parseSettings({
    "oneport.routes": { "shop.test": 3000, "old.test": { enabled: false } },
    "oneport.port": 8443,
    "oneport.acceptProxy": ["127.0.0.1", "0:0::1", "::ffff:10.0.0.1"],
    "oneport.certificates": "selfSigned",
    "oneport.certificateFiles": ["certs", "/etc/shop.pem"],
    "oneport.autoStart": false,
    "oneport.helloTimeout": 2.5,
    "oneport.terminal.trustAuthority": true,
    "editor.fontSize": 12,
    "[json]": {},
  });
  assert.deepEqual(problems, []);
  const { routes, disabledRoutes, ...others } = settings;
  assert.deepEqual(
    [...routes, ...disabledRoutes].map(({ domain }) => formatDomain(domain)),
    ["shop.test", "old.test"],
  );
  assert.deepEqual(others, {
    port: 8443,
    acceptProxy: ["127.0.0.1", "::1", "10.0.0.1"],
    certificates: "selfSigned",
    certificateFiles: ["certs", "/etc/shop.pem"],
    autoStart: false,
    helloTimeout: 2.5,
    terminalTrustAuthority: true,
  });
});

test("numbers are taken up to their bounds", () => {
  for (const [key, ...values] of [
    ["oneport.port", 1, 65_535],
    ["oneport.helloTimeout", 1, 60],
  ] as const) {
    for (const value of values) assert.deepEqual(parseSettings({ [key]: value }).problems, [], `${value}`);
  }
});

test("a problem says what was found: the value, or what a list contains", () => {
  const { problems } = parseSettings({ "oneport.port": [443], "oneport.acceptProxy": ["::1", "localhost"] });
  assert.deepEqual(
    problems.map(({ message }) => message),
    [
      '"oneport.port" is a list, but must be "auto" or a whole number from 1 to 65535.',
      '"oneport.acceptProxy" contains "localhost", but must be a list of IP addresses.',
    ],
  );
});

test("a value that only its type makes a wrong one is told as it should be written", () => {
  const { problems } = parseSettings({
    "oneport.port": "8444",
    "oneport.acceptProxy": "10.0.0.1",
    "oneport.certificateFiles": "shop.pem",
    "oneport.terminal.trustAuthority": "true",
    "oneport.routes": { "a.test": { to: 1, hold: "5", enabled: "true", sendProxy: "" } },
  });
  assert.deepEqual(
    problems.map(({ remedy }) => remedy),
    [
      'Write "oneport.port": 8444.',
      'Write "oneport.acceptProxy": ["10.0.0.1"].',
      'Write "oneport.certificateFiles": ["shop.pem"].',
      'Write "oneport.terminal.trustAuthority": true.',
      'Write "sendProxy": 2.',
      'Write "enabled": true.',
      'Write "hold": 5.',
    ],
  );
});

const bad: readonly [key: string, value: unknown, ...path: (string | number)[]][] = [
  ["oneport.port", 0],
  ["oneport.port", 65536],
  ["oneport.port", "8443"],
  ["oneport.port", null],
  ["oneport.acceptProxy", "127.0.0.1"],
  ["oneport.acceptProxy", ["127.0.0.1", "localhost"], 1],
  ["oneport.acceptProxy", ["10.0.0.0/8"], 0],
  ["oneport.acceptProxy", [true], 0],
  ["oneport.certificates", "letsEncrypt"],
  ["oneport.certificateFiles", { shop: "a.pem" }],
  ["oneport.certificateFiles", ["a.pem", ""], 1],
  ["oneport.autoStart", "yes"],
  ["oneport.helloTimeout", 0],
  ["oneport.helloTimeout", 61],
  ["oneport.helloTimeout", "10"],
  ["oneport.terminal.trustAuthority", 1],
];

for (const [key, value, ...below] of bad) {
  test(`"${key}": ${JSON.stringify(value)} is a problem, and its default stands`, () => {
    const { settings, problems } = parseSettings({ "oneport.routes": { "a.test": 1 }, [key]: value });
    assert.deepEqual({ ...settings, routes: [] }, defaults);
    assert.equal(settings.routes.length, 1);
    assert.deepEqual(
      problems.map((problem) => [problem.code, problem.path, problem.part]),
      [["setting-value", [key, ...below], "value"]],
    );
  });
}

test("a problem with a route has its place in the whole file", () => {
  const { problems } = parseSettings({ "oneport.routes": { "a.test": { to: [1, 0] } } });
  assert.deepEqual(
    problems.map(({ path, part }) => [path, part]),
    [[["oneport.routes", "a.test", "to", 1], "value"]],
  );
});

test("an unknown key is told with the one that was meant", () => {
  const { problems } = parseSettings({
    "oneport.rotues": {},
    "oneport.terminal.trust": true,
    "oneport.__proto__": 1,
  });
  assert.deepEqual(
    problems.map(({ code, path, part }) => [code, path, part]),
    ["oneport.rotues", "oneport.terminal.trust", "oneport.__proto__"].map((key) => [
      "setting-unknown",
      [key],
      "key",
    ]),
  );
  assert.equal(problems[0]?.remedy, 'Write "oneport.routes".');
  assert.match(problems[2]?.remedy ?? "", new RegExp(settingKeys.slice(0, -1).join(", ")));
});
