/** What is asked of Windows' own certutil, by its manual; its answers are those that people have recorded. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import type { Root } from "../../src/core/trust.ts";
import { listStores, trust, untrust } from "../../src/platform/trust.ts";
import { refused, said, scripted } from "./scripted-runner.ts";
import { TrustPlace } from "./trust-place.ts";

const certutil = "C:\\Windows\\System32\\certutil.exe";
const notFound =
  "CertUtil: -store command FAILED: 0x80090011 (-2146893807 NTE_NOT_FOUND); CertUtil: Object was not found";

/** A root store of the user; it gives certificates out as DER files. */
function storeOf(place: TrustPlace, held: Root[]) {
  const runner = scripted(async ([, verb, , what = "", file = ""]) => {
    const index = held.findIndex(({ sha1 }) => sha1 === what);
    const found = held[index];
    switch (verb) {
      case "-store":
        if (!found) return refused(0x80090011, notFound);
        await writeFile(file, found.der);
        return said("CertUtil: -store command completed successfully.");
      case "-addstore":
        held.push(place.root);
        return said();
      case "-delstore":
        if (found) held.splice(index, 1);
        return said("Deleting Certificate 0");
      default:
        return refused(1, `Unknown arg: ${verb}`);
    }
  });
  return { runner, machine: place.machine({ platform: "win32", environment: {}, runner }) };
}

test("the user's root store takes the root, by the system's certutil, and gives it out to be compared", async () => {
  await using place = await TrustPlace.make();
  const { runner, machine } = storeOf(place, []);
  const [store, ...others] = await listStores(machine, [place.root]);
  assert.ok(store);
  assert.deepEqual(others, []);
  const { result, state } = await trust(store, place.root, machine);
  assert.deepEqual([result, state], [{ how: "done" }, { is: "trusted" }]);
  const [look, add] = runner.ran;
  assert.deepEqual(look?.slice(0, 5), [certutil, "-user", "-store", "Root", place.root.sha1]);
  assert.deepEqual(add, [certutil, "-user", "-addstore", "Root", place.root.file]);
  assert.deepEqual((await trust(store, place.root, machine)).result, { how: "unchanged" });
});

test("untrust removes by digest what is known to be ours, and then finds nothing", async () => {
  await using place = await TrustPlace.make();
  const other = await place.anotherRoot();
  const held = [place.root, other];
  const { runner, machine } = storeOf(place, held);
  const [store] = await listStores(machine, [place.root]);
  assert.ok(store);
  assert.deepEqual((await untrust(store, machine)).result, { how: "done" });
  assert.deepEqual(held, [other]);
  const removals = runner.ran.filter(([, , verb]) => verb === "-delstore");
  assert.deepEqual(removals, [[certutil, "-user", "-delstore", "Root", place.root.sha1]]);
  assert.deepEqual((await untrust(store, machine)).result, { how: "unchanged" });
});

test("another certificate of the same SHA-1 would not be taken for ours", async () => {
  await using place = await TrustPlace.make();
  const impostor = { ...place.root, der: Buffer.from("other bytes") };
  const { machine } = storeOf(place, [impostor]);
  const [store] = await listStores(machine, [place.root]);
  assert.ok(store);
  assert.deepEqual((await untrust(store, machine)).result, { how: "unchanged" });
});

test("a No to the question of Windows is said, with what to do", async () => {
  await using place = await TrustPlace.make();
  const declined = "CertUtil: -addstore command FAILED: 0x800704c7 (WIN32: 1223 ERROR_CANCELLED)";
  const answer = (list: readonly string[]) =>
    list.includes("-store") ? refused(0x80090011, notFound) : refused(0x800704c7, declined);
  const machine = place.machine({ platform: "win32", environment: {}, runner: scripted(answer) });
  const [store] = await listStores(machine, [place.root]);
  assert.ok(store);
  const { result, state } = await trust(store, place.root, machine);
  assert.ok(result.how === "failed");
  assert.match(result.problem.remedy, /with Yes/);
  assert.deepEqual(state, { is: "not-trusted" });
});

test("a store that cannot be looked at is unknown, not empty", async () => {
  await using place = await TrustPlace.make();
  const denied = "CertUtil: -store command FAILED: 0x80070005 (WIN32: 5 ERROR_ACCESS_DENIED)";
  const runner = scripted(() => refused(0x80070005, denied));
  const machine = place.machine({ platform: "win32", environment: {}, runner });
  const [store] = await listStores(machine, [place.root]);
  assert.ok(store);
  assert.equal((await untrust(store, machine)).state.is, "unknown");
});
