/** What becomes of a route that a language model asks for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SettingsPlace } from "../../src/ui/route-places.ts";
import { planRoute } from "../../src/ui/route-request.ts";
import type { WrittenRoute } from "../../src/ui/route-settings.ts";

const user: SettingsPlace = { id: "user", kind: "user", name: "User", target: 1, value: undefined };
const workspace: SettingsPlace = {
  ...user,
  id: "workspace",
  kind: "workspace",
  name: "Workspace",
  target: 2,
};
const places = [user, workspace];

function written(place: SettingsPlace, key: string, value: unknown): WrittenRoute {
  return { place, key, value, domain: key.toLowerCase(), problems: [], fate: { is: "used" } };
}

function planned(input: unknown, routes: readonly WrittenRoute[] = [], among = places) {
  const plan = planRoute(input, among, routes);
  assert.ok(plan.ok, JSON.stringify(plan));
  return plan.value;
}

function refused(input: unknown, routes: readonly WrittenRoute[] = [], among = places): string {
  const plan = planRoute(input, among, routes);
  assert.ok(!plan.ok);
  assert.notEqual(plan.error.remedy, "");
  return plan.error.code;
}

test("a route goes to the workspace, or to the user where no folder is open or where that is said", () => {
  const input = { domain: "shop.test", target: 3000 };
  assert.deepEqual(planned(input), {
    place: workspace,
    key: "shop.test",
    value: 3000,
    elsewhere: [],
    notes: [],
  });
  assert.equal(planned(input, [], [user]).place, user);
  assert.equal(planned({ ...input, where: "user" }).place, user);
  assert.equal(refused({ ...input, where: "workspace" }, [], [user]), "request-place");
});

test("domain and target are written in the form in which they act, which holds nothing but ASCII", () => {
  for (const [domain, key, target, value] of [
    ["Shop.Test.", "shop.test", "3000", 3000],
    ["bücher.test", "xn--bcher-kva.test", "HTTP://LocalHost:3000/", "http://localhost:3000"],
    ["*.shop.test", "*.shop.test", "tcp://localhost:5432", "tcp://localhost:5432"],
    ["*", "*", "ws://localhost:1/\u202e", "ws://localhost:1/%E2%80%AE"],
  ] as const) {
    const plan = planned({ domain, target });
    assert.deepEqual([plan.key, plan.value], [key, value]);
  }
});

test("what is no route is refused with the reason", () => {
  for (const [input, code] of [
    [undefined, "request-invalid"],
    ["shop.test", "request-invalid"],
    [{ domain: "shop.test" }, "request-invalid"],
    [{ domain: "shop.test", target: [3000] }, "request-invalid"],
    [{ domain: "shop.test", target: 3000, where: "folder" }, "request-invalid"],
    [{ domain: "https://shop.test", target: 3000 }, "domain-scheme"],
    [{ domain: "__proto__", target: "file:///etc/passwd" }, "target-scheme"],
    [{ domain: "shop.test", target: 0 }, "target-port"],
    [{ domain: "shop.test", target: "http://me:secret@localhost" }, "target-user-name"],
  ] as const) {
    assert.equal(refused(input), code);
  }
});

test("a route that is there is replaced only where that is said, under its own key", () => {
  const there = written(workspace, "Shop.test", { to: 4000 });
  const input = { domain: "shop.test", target: 3000 };
  assert.equal(refused(input, [there]), "route-exists");
  const plan = planned({ ...input, replace: true }, [there]);
  assert.deepEqual([plan.key, plan.replaces], ["Shop.test", there]);
});

test("a route for the same domain in another place is told, and stays", () => {
  const there = written(user, "shop.test", 4000);
  const plan = planned({ domain: "shop.test", target: 3000 }, [there, written(user, "api.test", 1)]);
  assert.deepEqual([plan.elsewhere, plan.replaces], [[there], undefined]);
});

test("what may surprise about the route is told", () => {
  const plan = planned({ domain: "db.localhost", target: "tcp://localhost:5432" });
  assert.deepEqual(
    plan.notes.map(({ code }) => code),
    ["note-localhost-stream"],
  );
});
