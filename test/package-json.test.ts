/** The schema in package.json teaches what the code reads: the same keys, options, defaults and values. */
import assert from "node:assert/strict";
import { test } from "node:test";
import manifest from "../package.json" with { type: "json" };
import { parseRoutes, schemes } from "../src/core/route.ts";
import { parseSettings, settingKeys } from "../src/core/settings.ts";

const { properties } = manifest.contributes.configuration;
const routesSchema = properties["oneport.routes"];
const routeSchema = routesSchema.additionalProperties;

test("the schema has the keys that the code reads", () => {
  assert.deepEqual(Object.keys(properties).sort(), [...settingKeys].sort());
});

test("the schema's defaults are the code's", () => {
  const defaults = Object.fromEntries(Object.entries(properties).map(([key, schema]) => [key, schema.default]));
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

test("the schema has the options that the code reads", () => {
  const [problem] = parseRoutes({ "a.test": { to: 1, "no such option": 1 } }).problems;
  const read = /Write one of (.*), or remove it/.exec(problem?.remedy ?? "")?.[1]?.split(/, | or /);
  assert.deepEqual(Object.keys(routeSchema.properties).sort(), read?.sort());
});

test("the schema's defaults of a route are the code's", () => {
  const { to, ...options } = routeSchema.properties;
  const defaults = Object.entries(options).flatMap(([key, schema]) => "default" in schema ? [[key, schema.default]] : []);
  for (const [key, value] of defaults) {
    const written = ["https://localhost:1", "tcp://localhost:1"].map((target) => parseRoutes({ "a.test": { to: target, [String(key)]: value } }));
    const plain = ["https://localhost:1", "tcp://localhost:1"].map((target) => parseRoutes({ "a.test": target }));
    assert.ok(written.some((each, index) => JSON.stringify(each) === JSON.stringify(plain[index])), String(key));
  }
  assert.ok(defaults.length >= 6);
});
