/** Holds the rule of layers: who may import whom, and what `core` may not touch. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { dirname, join, relative, resolve, sep } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../src/", import.meta.url));

/** For each layer, the layers that it may import beside itself. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  mux: ["core"],
  platform: ["core"],
  session: ["mux", "core"],
  cli: ["core", "mux", "platform", "session"],
  ui: ["core", "mux", "platform", "session"],
};

/** Node modules that neither read nor write anything outside the process. */
const pureModules = ["node:buffer", "node:crypto", "node:net", "node:url", "node:util"];

const files = (await readdir(root, { recursive: true }))
  .filter((file) => file.endsWith(".ts"))
  .map((file) => join(root, file));
const sources = await Promise.all(
  files.map(async (file) => ({
    file,
    name: relative(root, file),
    imports: importsOf(await readFile(file, "utf8")),
  })),
);

function importsOf(source: string): string[] {
  const found = source.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g);
  return [...found].map((match) => match[1] ?? "");
}

function layerOf(file: string): string | undefined {
  const [first, second] = relative(root, file).split(sep);
  return second === undefined ? undefined : first;
}

test("every folder of src is a layer with a rule", () => {
  const layers = new Set(files.map(layerOf).filter((layer) => layer !== undefined));
  assert.deepEqual([...layers].sort(), Object.keys(mayImport).sort());
});

test("each layer imports only those beneath it", () => {
  for (const { file, name, imports } of sources) {
    const layer = layerOf(file);
    if (layer === undefined) continue;
    for (const target of imports.filter((each) => each.startsWith(".") && !each.endsWith("/package.json"))) {
      const other = layerOf(resolve(dirname(file), target));
      const allowed = other === layer || (other !== undefined && mayImport[layer]?.includes(other));
      assert.ok(allowed, `${name} imports ${target}`);
    }
  }
});

test("only extension.ts and ui/ import vscode", () => {
  for (const { file, name, imports } of sources) {
    if (name === "extension.ts" || layerOf(file) === "ui") continue;
    assert.ok(!imports.includes("vscode"), name);
  }
});

test("core touches neither files nor sockets nor timers", async () => {
  for (const { file, name, imports } of sources.filter(({ file }) => layerOf(file) === "core")) {
    const impure = imports.filter((each) => isNodeModule(each) && !pureModules.includes(each));
    assert.deepEqual(impure, [], name);
    // Between backticks stands text for somewhere else, such as the script of a page.
    const text = (await readFile(file, "utf8")).replaceAll(/`[^`]*`/g, "");
    assert.ok(!/\bset(Timeout|Interval|Immediate)\(|\bprocess\.(env|cwd|on)\b/.test(text), name);
  }
});

test("core takes from node:net nothing that opens a socket", async () => {
  for (const { file, name, imports } of sources.filter(({ file }) => layerOf(file) === "core")) {
    if (!imports.includes("node:net")) continue;
    const text = await readFile(file, "utf8");
    assert.match(
      text,
      /import \{ (?:isIP|isIPv4|isIPv6)(?:, (?:isIP|isIPv4|isIPv6))* \} from "node:net"/,
      name,
    );
  }
});

/** What VS Code's own thread loads: the extension and all that it imports, but for types. */
async function loadedByExtension(): Promise<ReadonlyMap<string, string>> {
  const loaded = new Map<string, string>();
  const waiting = [join(root, "extension.ts")];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (loaded.has(file)) continue;
    const source = (await readFile(file, "utf8")).replaceAll(/^import type [^;]*;$/gm, "");
    loaded.set(file, source);
    const directory = dirname(file);
    const own = importsOf(source).filter((each) => each.startsWith(".") && each.endsWith(".ts"));
    waiting.push(...own.map((each) => resolve(directory, each)));
  }
  return loaded;
}

test("VS Code's own thread opens no socket: whatever the extension loads there has nothing to open one with", async () => {
  const loaded = await loadedByExtension();
  assert.ok(loaded.size > 50, `${loaded.size} files`);
  for (const [file, source] of loaded) {
    const name = relative(root, file);
    const opening = importsOf(source).filter((each) => /^(node:)?(http|https|http2|tls|dgram)$/.test(each));
    assert.deepEqual(opening, [], name);
    const net = /import (.*) from "node:net"/.exec(source)?.[1];
    if (net !== undefined) assert.match(net, /^\{ isIP(v[46])?(, isIP(v[46])?)* \}$/, name);
    assert.doesNotMatch(source, /\bfetch\(|new WebSocket\(/, name);
    assert.doesNotMatch(name, /^mux\//, "the data plane belongs to the worker");
  }
});

function isNodeModule(name: string): boolean {
  return name.startsWith("node:") || builtinModules.includes(name);
}
