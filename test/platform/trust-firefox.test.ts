/** The real Firefox, which reads the database of its profile that `oneport ca trust` writes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { listStores, trust, untrust } from "../../src/platform/trust.ts";
import { findFirefox, loadInFirefox } from "../e2e/firefox.ts";
import { findProgram, run } from "../e2e/program.ts";
import { startServer, TrustPlace } from "./trust-place.ts";

const missing = await Promise.all([findFirefox(), findProgram("certutil")]).then(
  () => false as const,
  (error: Error) => error.message,
);

test("Firefox loads a page without a warning after trust, and warns again after untrust", {
  skip: missing,
}, async () => {
  await using place = await TrustPlace.make();
  await using server = await startServer(place.authority, "app.shop.test");
  const profile = await place.folder(".mozilla", "firefox", "abcdefgh.mine");
  const made = await run("certutil", ["-N", "-d", `sql:${profile}`, "--empty-password"], place.environment);
  assert.equal(made.status, 0, made.errors);
  const url = `https://app.shop.test:${server.port}/`;
  const load = () => loadInFirefox(profile, place.environment, ["app.shop.test"], url);
  const stores = await listStores(place.machine(), [place.root]);
  const store = stores.find(({ id }) => id === `firefox:${profile}`);
  assert.ok(store);

  await assert.rejects(load(), /SEC_ERROR_UNKNOWN_ISSUER/);
  assert.deepEqual((await trust(store, place.root, place.machine())).result, { how: "done" });
  assert.equal(await load(), "hello");
  assert.deepEqual((await untrust(store, place.machine())).result, { how: "done" });
  await assert.rejects(load(), /SEC_ERROR_UNKNOWN_ISSUER/);
});
