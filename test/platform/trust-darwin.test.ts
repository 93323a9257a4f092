/** What is asked of macOS's `security`, by its manual page; its answers are those that people have recorded. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { listStores, trust, untrust } from "../../src/platform/trust.ts";
import { refused, said, scripted } from "./scripted-runner.ts";
import { TrustPlace } from "./trust-place.ts";

/** A login keychain: which certificates it holds, and which of them the user's trust settings name. */
async function keychainOf(place: TrustPlace, foreign: string) {
  const file = place.root.file;
  const pem = await readFile(file, "utf8");
  const holds = { ours: false, trust: false };
  const runner = scripted(([verb, ...list]) => {
    switch (verb) {
      case "find-certificate":
        return said(foreign + (holds.ours ? pem : ""));
      case "verify-cert":
        return holds.trust
          ? said("...certificate verification successful.")
          : refused(1, "Cert Verify Result: CSSMERR_TP_NOT_TRUSTED");
      case "add-trusted-cert":
        holds.ours = true;
        holds.trust = true;
        return said();
      case "remove-trusted-cert":
        if (!holds.trust)
          return refused(1, "SecTrustSettingsRemoveTrustSettings: No Trust Settings were found");
        holds.trust = false;
        return said();
      case "delete-certificate":
        holds.ours = list[1] === place.root.sha1.toUpperCase() ? false : holds.ours;
        return said();
      default:
        return refused(2, `unknown command "${verb}"`);
    }
  });
  return { holds, runner, machine: place.machine({ platform: "darwin", runner }) };
}

const security = "/usr/bin/security";

test("the login keychain trusts the root for TLS, and that is seen by verifying it", async () => {
  await using place = await TrustPlace.make();
  const { runner, machine } = await keychainOf(place, "");
  const [store, ...others] = await listStores(machine, [place.root]);
  assert.ok(store);
  assert.deepEqual(others, []);
  const keychain = `${place.home}/Library/Keychains/login.keychain-db`;
  assert.deepEqual([store.place, store.needsElevation], [keychain, false]);

  const { result, state } = await trust(store, place.root, machine);
  assert.deepEqual([result, state], [{ how: "done" }, { is: "trusted" }]);
  const { file } = place.root;
  assert.deepEqual(runner.ran, [
    [security, "find-certificate", "-a", "-c", "Oneport root", "-p", keychain],
    [security, "add-trusted-cert", "-r", "trustRoot", "-p", "ssl", "-p", "basic", "-k", keychain, file],
    [security, "find-certificate", "-a", "-c", "Oneport root", "-p", keychain],
    [security, "verify-cert", "-c", file, "-p", "basic", "-l", "-L"],
  ]);
  assert.deepEqual((await trust(store, place.root, machine)).result, { how: "unchanged" });
});

test("untrust removes trust and certificate, by the digest of ours alone, and then finds nothing", async () => {
  await using place = await TrustPlace.make();
  const foreign = await readFile((await place.anotherRoot()).file, "utf8");
  const { holds, runner, machine } = await keychainOf(place, foreign);
  holds.ours = true;
  holds.trust = true;
  const [store] = await listStores(machine, [place.root]);
  assert.ok(store);
  assert.deepEqual((await untrust(store, machine)).result, { how: "done" });
  const changes = runner.ran.filter(([, verb]) => verb?.startsWith("remove") || verb?.startsWith("delete"));
  assert.deepEqual(changes, [
    [security, "remove-trusted-cert", place.root.file],
    [security, "delete-certificate", "-Z", place.root.sha1.toUpperCase(), store.place],
  ]);
  assert.deepEqual((await untrust(store, machine)).result, { how: "unchanged" });
});

test("a certificate whose trust the user took away in Keychain Access is removed all the same", async () => {
  await using place = await TrustPlace.make();
  const { holds, machine } = await keychainOf(place, "");
  holds.ours = true;
  const [store] = await listStores(machine, [place.root]);
  assert.ok(store);
  assert.deepEqual((await untrust(store, machine)).result, { how: "done" });
});

test("a keychain without such a certificate is no failure, one that cannot be used is", async () => {
  await using place = await TrustPlace.make();
  const statusOf = async (status: number, errors: string) => {
    const machine = place.machine({ platform: "darwin", runner: scripted(() => refused(status, errors)) });
    const [store] = await listStores(machine, [place.root]);
    assert.ok(store);
    return (await untrust(store, machine)).result;
  };
  const missing = "SecKeychainSearchCopyNext: The specified item could not be found in the keychain";
  assert.deepEqual(await statusOf(44, missing), { how: "unchanged" });
  const result = await statusOf(50, "SecKeychainOpen: A default keychain could not be found");
  assert.ok(result.how === "failed");
});

test("where no dialog can be shown, the user is told where to run the command", async () => {
  await using place = await TrustPlace.make();
  const errors =
    "SecTrustSettingsSetTrustSettings: The authorization was denied since no user interaction was possible";
  const runner = scripted(([verb]) => (verb === "find-certificate" ? said() : refused(1, errors)));
  const machine = place.machine({ platform: "darwin", runner });
  const [store] = await listStores(machine, [place.root]);
  assert.ok(store);
  const { result } = await trust(store, place.root, machine);
  assert.ok(result.how === "failed");
  assert.match(result.problem.remedy, /on the Mac itself/);
});
