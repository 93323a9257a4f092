/** The real Chromium, which reads the databases that `oneport ca trust` writes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { chromium } from "playwright-core";
import type { Machine } from "../../src/platform/machine.ts";
import { listStores, trust, untrust } from "../../src/platform/trust.ts";
import { findProgram } from "../e2e/program.ts";
import { startServer, TrustPlace } from "./trust-place.ts";

const programs = await Promise.all([findProgram("chromium"), findProgram("certutil")]).then(
  ([executablePath]) => ({ executablePath, missing: false as const }),
  (error: Error) => ({ executablePath: "", missing: error.message }),
);

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-proxy-server",
  "--disable-background-networking",
  "--disable-component-update",
  "--host-resolver-rules=MAP *.test 127.0.0.1",
];

/** What a page of the server says, in a browser started for it. */
async function load({ environment }: TrustPlace, port: number): Promise<string> {
  const { HOME = "", PATH = "", LANG = "" } = environment;
  const { executablePath } = programs;
  const browser = await chromium.launch({ executablePath, env: { HOME, PATH, LANG }, args: flags });
  try {
    const page = await browser.newPage();
    await page.goto(`https://shop.test:${port}/`);
    return await page.innerText("body");
  } finally {
    await browser.close();
  }
}

async function browserStores(machine: Machine, place: TrustPlace) {
  const stores = await listStores(machine, [place.root]);
  return stores.filter(({ id }) => id.startsWith("chromium:"));
}

const places = {
  "that never ran": [],
  "with a database in ~/.pki": [".pki", "nssdb"],
  "with a database in the XDG data folder": [".local", "share", "pki", "nssdb"],
};

for (const [what, folder] of Object.entries(places)) {
  test(`a Chromium ${what} accepts the authority's leaf after trust, and refuses it after untrust`, {
    skip: programs.missing,
  }, async () => {
    await using place = await TrustPlace.make();
    await using server = await startServer(place.authority, "shop.test");
    const machine = place.machine();
    if (folder.length > 0) await place.folder(...folder);
    const [store, ...others] = await browserStores(machine, place);
    assert.ok(store);
    assert.deepEqual(others, []);

    assert.deepEqual((await trust(store, place.root, machine)).result, { how: "done" });
    assert.equal(await load(place, server.port), "hello");

    const after = await browserStores(machine, place);
    for (const each of after) await untrust(each, machine);
    await assert.rejects(load(place, server.port), /net::ERR_CERT_AUTHORITY_INVALID/);
  });
}
