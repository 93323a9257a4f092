/** The doctor on what surrounds the routes: the authority, the clock, the trust stores, variables and browsers. */
import assert from "node:assert/strict";
import { chmod, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { AuthorityFolder } from "../../src/platform/authority-folder.ts";
import { listStores, trust } from "../../src/platform/trust.ts";
import { findProgram, run } from "../e2e/program.ts";
import { findingsFor, seen } from "./doctor-support.ts";
import { TrustPlace } from "./trust-place.ts";

const day = 86_400_000;
const withCertutil = {
  skip: await findProgram("certutil").then(
    () => false as const,
    (error: Error) => error.message,
  ),
};

function makeAuthorityAt(place: TrustPlace, time: number) {
  return new AuthorityFolder(place.state, () => new Date(time)).readOrMake();
}

test("an authority is missing, good, about to end, expired, or not valid yet", async () => {
  const now = Date.now();
  const made = new Map([
    [
      now,
      /^ok: It is good until [\d-]+, for test, localhost, internal, home\.arpa, example; its certificate is .*root\.crt\.$/,
    ],
    [now - 3600 * day, /^note: It is good until/],
    [now - 3651 * day, /^wrong: The certificate authority in .* has expired\.$/],
    [now + 3 * day, /^wrong: The certificate authority in .* is not valid before [\d-]+\.$/],
  ]);
  for (const [time, said] of made) {
    await using place = await TrustPlace.make();
    await makeAuthorityAt(place, time);
    assert.match(seen(await findingsFor({ place }), "authority").join(), said);
  }
  await using place = await TrustPlace.make();
  const none = seen(await findingsFor({ place }), "authority");
  assert.deepEqual(none, ["note: There is none yet; it is made with the first certificate."]);
});

test("a clock that is behind the files of certificates is wrong, or was ahead when they were written", async () => {
  await using place = await TrustPlace.make();
  await makeAuthorityAt(place, Date.now());
  const clock = async () => (await findingsFor({ place })).find(({ check }) => check === "clock");
  assert.equal((await clock())?.message, "This machine's clock agrees with the authority's dates.");
  const later = new Date(Date.now() + 2 * day);
  await utimes(join(place.state, "ca", "issuer.crt"), later, later);
  const behind = await clock();
  assert.equal(behind?.state, "wrong");
  assert.match(behind.message, /certificates were written here on [\d-]+\.$/);
  assert.match(behind.remedy ?? "", /^Set the clock, .* If it is right and was ahead then, delete .*leaves/);
});

test("a key that others can read is wrong", async () => {
  await using place = await TrustPlace.make();
  await makeAuthorityAt(place, Date.now());
  await chmod(join(place.state, "ca", "issuer.key"), 0o644);
  const [, key] = seen(await findingsFor({ place }), "authority");
  assert.match(key ?? "", /^wrong: Other users can read its key/);
});

test(
  "each store is told by itself, and an authority that is no longer used is noted",
  withCertutil,
  async () => {
    await using place = await TrustPlace.make();
    const folder = await place.folder(".pki", "nssdb");
    await run("certutil", ["-N", "-d", `sql:${folder}`, "--empty-password"], place.environment);
    await makeAuthorityAt(place, Date.now());
    const stores = async () => seen(await findingsFor({ place }), "trust", `Chromium, Chrome (${folder})`);
    const untrusted = "wrong: It does not trust the authority, so whatever reads it warns or refuses.";
    assert.deepEqual(await stores(), [untrusted]);
    const store = (await listStores(place.machine(), [])).find(({ place: path }) => path === folder);
    assert.ok(store);
    // The place's own root is one that was remembered, but is not today's.
    await trust(store, place.root, place.machine());
    const earlier = "note: It trusts an authority of Oneport's that is no longer in use.";
    assert.deepEqual(await stores(), [untrusted, earlier]);
  },
);

test("a proxy that is asked for the routes' names is wrong, unless NO_PROXY has them", async () => {
  await using place = await TrustPlace.make();
  const routes = { "shop.test": 3000, "api.localhost": 3000 };
  const proxied = async (environment: NodeJS.ProcessEnv) =>
    (await findingsFor({ place, routes, environment })).find(({ check }) => check === "environment");
  const HTTPS_PROXY = "http://127.0.0.1:9";
  const caught = await proxied({ HTTPS_PROXY, NO_PROXY: "localhost" });
  assert.equal(caught?.subject, "HTTPS_PROXY");
  assert.equal(caught?.state, "wrong");
  assert.match(caught?.message ?? "", /for shop\.test,/);
  assert.equal(caught?.remedy, "Set NO_PROXY and no_proxy to localhost,shop.test.");
  assert.equal((await proxied({ HTTPS_PROXY, NO_PROXY: "localhost,test" }))?.state, "ok");
  assert.equal((await proxied({}))?.state, "ok");
});

test("variables that name other certificates are told, unless those hold the authority's", async () => {
  await using place = await TrustPlace.make();
  const { rootCertificate } = await makeAuthorityAt(place, Date.now());
  const [without, within] = [join(place.home, "without.pem"), join(place.home, "within.pem")];
  await writeFile(without, place.authority.rootCertificate);
  await writeFile(within, place.authority.rootCertificate + rootCertificate);
  const named = async (file: string) => {
    const environment = { SSL_CERT_FILE: file, CURL_CA_BUNDLE: file, NODE_EXTRA_CA_CERTS: file };
    const findings = await findingsFor({ place, environment });
    return findings
      .filter(({ check }) => check === "environment")
      .map(({ state, subject }) => `${state} ${subject}`);
  };
  const lacking = ["wrong SSL_CERT_FILE", "wrong CURL_CA_BUNDLE", "note NODE_EXTRA_CA_CERTS"];
  assert.deepEqual(await named(without), lacking);
  assert.deepEqual(await named(join(place.home, "nowhere.pem")), lacking);
  assert.deepEqual(await named(within), ["ok environment"]);
});

test("browsers that look names up over HTTPS, and names that they ask by HTTPS only, are noted", async () => {
  await using place = await TrustPlace.make();
  const profile = await place.folder(".mozilla", "firefox", "abcdefgh.mine");
  await writeFile(join(profile, "cert9.db"), "");
  const local = join(await place.folder(".config", "chromium"), "Local State");
  const browsers = async (routes: Record<string, unknown>) =>
    (await findingsFor({ place, routes }))
      .filter(({ check }) => check === "browser")
      .map(({ state, subject }) => `${state} ${subject}`);
  const routes = { "shop.test": 3000, "shop.dev": 3000 };
  await writeFile(join(profile, "prefs.js"), 'user_pref("network.trr.mode", 5);\n');
  assert.deepEqual(await browsers(routes), ["note shop.dev"]);
  await writeFile(join(profile, "user.js"), 'user_pref("network.trr.mode", 3);\n');
  await writeFile(local, JSON.stringify({ dns_over_https: { mode: "secure", templates: "" } }));
  const noted = ["note Firefox (mine)", "note Chromium, Chrome", "note shop.dev"];
  assert.deepEqual(await browsers(routes), noted);
  await writeFile(
    join(profile, "user.js"),
    'user_pref("network.trr.mode", 2);\nuser_pref("network.trr.exclude-etc-hosts", false);\n',
  );
  assert.deepEqual((await browsers(routes))[0], "wrong Firefox (mine)");
  assert.deepEqual(await browsers({ "shop.localhost": 3000 }), []);
});
