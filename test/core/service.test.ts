/** Which services are worked on here, and which routes lead to them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTarget } from "../../src/core/parse-target.ts";
import { folderOf, isDeveloped, leadsTo, mayBeSuggested, type Service } from "../../src/core/service.ts";

const service = (folder?: string, more: Partial<Service> = {}): Service => ({
  port: 3000,
  addresses: ["127.0.0.1"],
  process: { pid: 1, name: "server.js", ...(folder !== undefined && { folder }) },
  ...more,
});

test("a service belongs to the innermost open folder around where it runs", () => {
  const folders = ["/work", "/work/shop", "/work/sho"];
  assert.equal(folderOf(service("/work/shop/web"), folders), "/work/shop");
  assert.equal(folderOf(service("/work/shop"), folders), "/work/shop");
  assert.equal(folderOf(service("/work/shopping"), folders), "/work");
  assert.equal(folderOf(service("/work/shopping/web"), folders), "/work");
  assert.equal(folderOf(service("/home"), folders), undefined);
  assert.equal(folderOf(service("/home/ada"), folders), undefined);
  assert.equal(folderOf(service("/home"), ["/"]), "/");
  assert.equal(folderOf(service("C:\\work\\web"), ["C:\\work"]), "C:\\work");
  assert.equal(folderOf(service(), folders), undefined);
  assert.equal(folderOf({ port: 1, addresses: [] }, folders), undefined);
});

test("a development server is worked on wherever it runs, and so is what serves the web out of an open folder", () => {
  const web = { spoken: { protocol: "http" } } as const;
  const vite = { spoken: { protocol: "http", devServer: "Vite" } } as const;
  assert.ok(isDeveloped(service("/elsewhere", vite), ["/work"]));
  assert.ok(isDeveloped(service(undefined, { process: { pid: 1, name: "vite" } }), []));
  assert.ok(isDeveloped(service("/work/shop", web), ["/work"]));
  assert.ok(isDeveloped(service("/work/shop"), ["/work"]), "not asked yet");
  for (const protocol of ["https", "ws", "wss"] as const) {
    assert.ok(isDeveloped(service("/work/shop", { spoken: { protocol } }), ["/work"]), protocol);
  }
  assert.ok(!isDeveloped(service("/elsewhere", web), ["/work"]));
  assert.ok(!isDeveloped(service("/work/db", { spoken: { protocol: "postgres" } }), ["/work"]));
});

test("only what runs in an open folder is asked without being told to", () => {
  assert.ok(mayBeSuggested(service("/work/shop"), ["/work"]));
  assert.ok(!mayBeSuggested(service("/elsewhere"), ["/work"]));
  assert.ok(!mayBeSuggested({ port: 3000, addresses: [] }, ["/work"]), "another user's");
  assert.ok(!mayBeSuggested(service("/work"), []), "without a folder");
});

test("where a system tells no folders, the ports that people choose are asked", () => {
  const at = (port: number) => mayBeSuggested(service(undefined, { port }), ["C:\\work"]);
  assert.deepEqual([80, 1024, 3000, 49_151, 49_152].map(at), [false, true, true, true, false]);
});

test("a target leads to a service by any name of this machine", () => {
  const leads = (text: string) => {
    const target = parseTarget(text);
    return target.ok && leadsTo(target.value, service());
  };
  for (const text of ["3000", "http://localhost:3000", "tcp://127.0.0.1:3000", "wss://[::1]:3000/x"]) {
    assert.ok(leads(text), text);
  }
  for (const text of ["3001", "http://192.168.1.2:3000", "http://other.test:3000"]) {
    assert.ok(!leads(text), text);
  }
});
