/** The schema in package.json teaches what the code reads: the same keys, options, defaults and values. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import manifest from "../package.json" with { type: "json" };
import strings from "../package.nls.json" with { type: "json" };
import { parseRoutes, schemes } from "../src/core/route.ts";
import { parseSettings, settingKeys } from "../src/core/settings.ts";
import { commandNames } from "../src/ui/command-names.ts";

const { properties } = manifest.contributes.configuration;
const routesSchema = properties["oneport.routes"];
const routeSchema = routesSchema.additionalProperties;

test("the schema has the keys that the code reads", () => {
  assert.deepEqual(Object.keys(properties).sort(), [...settingKeys].sort());
});

test("the schema's defaults are the code's", () => {
  const defaults = Object.fromEntries(
    Object.entries(properties).map(([key, schema]) => [key, schema.default]),
  );
  assert.deepEqual(parseSettings(defaults), parseSettings({}));
});

test("what touches the machine is set by the machine's user alone, and routes by each folder", () => {
  const scopes = Object.fromEntries(Object.entries(properties).map(([key, schema]) => [key, schema.scope]));
  assert.deepEqual(scopes, {
    "oneport.routes": "resource",
    "oneport.port": "machine",
    "oneport.acceptProxy": "machine",
    "oneport.certificates": "machine",
    "oneport.certificateFiles": "machine",
    "oneport.helloTimeout": "machine",
    "oneport.autoStart": "window",
    "oneport.terminal.trustAuthority": "window",
  });
});

test("what a workspace can set counts only once it is trusted", () => {
  const settable = Object.entries(properties).flatMap(([key, { scope }]) =>
    scope === "machine" ? [] : [key],
  );
  const { restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
  // In an untrusted folder nothing starts by itself anyway; and a restricted value comes only after the folder is trusted,
  // when its `false` would be too late.
  assert.deepEqual([...restrictedConfigurations, "oneport.autoStart"].sort(), settable.sort());
});

test("the schema has the options that the code reads", () => {
  const [problem] = parseRoutes({ "a.test": { to: 1, "no such option": 1 } }).problems;
  const read = /Write one of (.*), or remove it/.exec(problem?.remedy ?? "")?.[1]?.split(/, | or /);
  assert.deepEqual(Object.keys(routeSchema.properties).sort(), read?.sort());
});

test("the schema's defaults of a route are the code's", () => {
  const { to: _, ...options } = routeSchema.properties;
  const withDefault = Object.entries(options).filter(([, schema]) => "default" in schema);
  assert.deepEqual(
    withDefault.map(([name]) => name),
    ["enabled", "insecureUpstream", "hold", "closeUpstream", "tls", "webSocketBridge"],
  );
  for (const [name, schema] of withDefault) {
    const value = "default" in schema ? schema.default : undefined;
    const route = (options: object) =>
      ["https://localhost:1", "tcp://localhost:1"].map(
        (to) => parseRoutes({ "a.test": { to, ...options } }).routes[0],
      );
    // Each option has a meaning for one of the two targets; there, its default changes nothing.
    const plain = route({});
    assert.ok(
      route({ [name]: value }).some((each, index) => each && isDeepStrictEqual(each, plain[index])),
      name,
    );
  }
});

/** As much of JSON Schema as ours makes use of. */
function accepts(schema: unknown, value: unknown): boolean {
  if (!isRecord(schema)) return true;
  const { type, minimum, maximum, pattern, minLength, items, properties: known } = schema;
  if (type !== undefined && ![type].flat().some((each) => each === typeOf(value) || isWhole(each, value)))
    return false;
  if (Array.isArray(schema.enum) && !schema.enum.includes(value)) return false;
  if (typeof value === "number")
    return !(value < Number(minimum ?? value) || value > Number(maximum ?? value));
  if (typeof value === "string") {
    return value.length >= Number(minLength ?? 0) && new RegExp(String(pattern ?? ""), "u").test(value);
  }
  if (Array.isArray(value)) return value.every((item) => accepts(items, item));
  if (!isRecord(value)) return true;
  return Object.entries(value).every(([key, each]) => {
    const own = isRecord(known) && Object.hasOwn(known, key) ? known[key] : schema.additionalProperties;
    return accepts(own, each);
  });
}

function typeOf(value: unknown): string {
  return Array.isArray(value) ? "array" : value === null ? "null" : typeof value;
}

function isWhole(type: unknown, value: unknown): boolean {
  return type === "integer" && Number.isInteger(value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeOf(value) === "object";
}

const goodRoutes: readonly object[] = [
  {},
  { "shop.localhost": 3000, "Shop.Test.": "3000", "*.preview.shop.test": [3001, "http://localhost:3002/"] },
  {
    "*": {
      to: "http://localhost:3000",
      hostHeader: "localhost:3000",
      hold: 0.5,
      closeUpstream: true,
      healthPath: "/up",
    },
  },
  { "bücher.test": 1, "my_app.test": 2, localhost: 3, __proto__x: 4, "*.test": 5 },
  {
    "edge.shop.test": {
      to: ["tcp://192.168.1.66:9090", "tcp://[::1]:9090"],
      sendProxy: 2,
      tls: false,
      webSocketBridge: true,
    },
  },
  {
    "old.shop.test": { to: "tcp+wss://localhost/tunnel", insecureUpstream: true },
    "off.test": { enabled: false },
  },
  ...Object.keys(schemes).map((scheme) => ({ "a.test": `${scheme}://localhost:1` })),
];

for (const routes of goodRoutes) {
  test(`schema and code accept ${JSON.stringify(routes)}`, () => {
    assert.deepEqual(parseRoutes(routes).problems, []);
    assert.ok(accepts(routesSchema, routes));
  });
}

const badTypes: readonly unknown[] = [
  [],
  { "a.test": 1.5 },
  { "a.test": null },
  { "a.test": [[1]] },
  { "a.test": { to: 1, hold: 601 } },
  { "a.test": { to: "tcp://localhost:1", sendProxy: 3 } },
  { "a.test": { to: 1, healthPath: "up" } },
  { "a.test": { to: 1, hostHeader: "" } },
];

for (const routes of badTypes) {
  test(`schema and code refuse ${JSON.stringify(routes)}`, () => {
    assert.notDeepEqual(parseRoutes(routes).problems, []);
    assert.ok(!accepts(routesSchema, routes));
  });
}

const badTexts: readonly unknown[] = [
  { "http://a.test": 1 },
  { "a.test:80": 1 },
  { "a b.test": 1 },
  { "*.*.test": 1 },
  { "": 1 },
  { "a.test": 0 },
  { "a.test": 65536 },
  { "a.test": "localhost:3000" },
  { "a.test": "htp://localhost:3000" },
  { "a.test": [] },
  { "a.test": { to: 1, holt: 1 } },
];

for (const routes of badTexts) {
  test(`the code refuses ${JSON.stringify(routes)}, and the schema leaves it to the code, which says more`, () => {
    assert.notDeepEqual(parseRoutes(routes).problems, []);
    assert.ok(accepts(routesSchema, routes));
  });
}

const otherSettings: readonly [
  key: keyof typeof properties,
  good: readonly unknown[],
  bad: readonly unknown[],
][] = [
  ["oneport.port", ["auto", 1, 65535], ["443", 0, 65536, 1.5, null]],
  ["oneport.acceptProxy", [[], ["127.0.0.1", "::1"]], ["127.0.0.1", ["localhost"], [1]]],
  ["oneport.certificates", ["authority", "selfSigned"], ["selfsigned", true]],
  ["oneport.certificateFiles", [[], ["certs"]], ["certs", [""], [1]]],
  ["oneport.autoStart", [true, false], ["true", null]],
  ["oneport.helloTimeout", [1, 2.5, 60], [0, 61, "10"]],
  ["oneport.terminal.trustAuthority", [true, false], ["true", 1]],
];

test("schema and code agree on every other setting", () => {
  assert.equal(otherSettings.length, settingKeys.length - 1);
  for (const [key, good, bad] of otherSettings) {
    for (const value of [...good, ...bad]) {
      const isGood = good.includes(value);
      const label = `${key}: ${JSON.stringify(value)}`;
      assert.equal(accepts(properties[key], value), isGood, `schema, ${label}`);
      assert.equal(parseSettings({ [key]: value }).problems.length === 0, isGood, `code, ${label}`);
    }
  }
});

const placeholder = /^%([^%]+)%$/;

test("every string of the manifest that stands in package.nls.json is there, and no other", () => {
  const keys = leaves(manifest).flatMap(({ text }) => placeholder.exec(text)?.[1] ?? []);
  assert.deepEqual([...new Set(keys)].sort(), Object.keys(strings).sort());
});

/** Properties of contributions that VS Code shows to people. */
const shownTo = new Set([
  "title",
  "description",
  "markdownDescription",
  "markdownEnumDescriptions",
  "enumItemLabels",
  "patternErrorMessage",
  "contents",
  "displayName",
  "userDescription",
  "altText",
]);

test("what VS Code shows to people can be translated, but for the product's name", () => {
  const { contributes, capabilities } = manifest;
  const shown = leaves({ contributes, capabilities }).filter(
    // What a tool is given to work with is for models.
    ({ property, path }) => shownTo.has(property) && !path.includes("inputSchema"),
  );
  const fixed = shown.filter(({ text }) => !placeholder.test(text)).map(({ text }) => text);
  assert.deepEqual([...new Set(fixed)], ["Oneport"]);
});

interface Leaf {
  readonly text: string;
  /** The last name on the way to it; the others, and places in lists, are in `path`. */
  readonly property: string;
  readonly path: readonly string[];
}

/** Every text in a value. */
function leaves(value: unknown, path: readonly string[] = []): Leaf[] {
  if (typeof value === "string") {
    return [{ text: value, property: path.findLast((step) => !/^\d+$/.test(step)) ?? "", path }];
  }
  return Object.entries(value ?? {}).flatMap(([step, each]) => leaves(each, [...path, step]));
}

test("each step of the walkthrough has its picture, and ends by something that can happen", async () => {
  const commands = manifest.contributes.commands.map(({ command }) => command);
  const steps = manifest.contributes.walkthroughs.flatMap((walkthrough) => walkthrough.steps);
  assert.equal(steps.length, 5);
  for (const { media, description, completionEvents } of steps) {
    const picture = await readFile(new URL(`../${media.svg}`, import.meta.url), "utf8");
    assert.match(picture, /^<svg [^>]*viewBox=/);
    const text = new Map(Object.entries(strings)).get(placeholder.exec(description)?.[1] ?? "") ?? "";
    const linked = [...text.matchAll(/\(command:([^)]+)\)/g)].map(([, command = ""]) => command);
    const awaited = completionEvents.flatMap((event) => /^onCommand:(.*)/.exec(event)?.[1] ?? []);
    const unknown = [...linked, ...awaited].filter((command) => !commands.includes(command));
    assert.deepEqual(
      unknown.filter((command) => command !== "oneport.routes.focus"),
      [],
    );
  }
});

test("the commands are those that the code carries out", () => {
  const declared = manifest.contributes.commands.map(({ command }) => command);
  assert.deepEqual(declared.sort(), commandNames.map((name) => `oneport.${name}`).sort());
});

test("menus name commands that there are", () => {
  const declared = new Set(manifest.contributes.commands.map(({ command }) => command));
  for (const items of Object.values(manifest.contributes.menus)) {
    for (const { command } of items) assert.ok(declared.has(command), command);
  }
});

test("port 443 is offered everywhere only while the mux is not there already", () => {
  const offers = Object.values(manifest.contributes.menus)
    .flat()
    .filter(({ command }) => command === "oneport.usePort443");
  assert.equal(offers.length, 2);
  for (const { when } of offers) assert.match(when, /\boneport\.port != 443$/);
});

test("a suggested service's row has its one command in its menu as well, for who opens that from the keyboard", () => {
  const groups = manifest.contributes.menus["view/item/context"]
    .filter(({ command }) => command === "oneport.addSuggested")
    .map(({ group }) => group);
  assert.deepEqual(groups, ["inline@1", "1_open@1"]);
});
