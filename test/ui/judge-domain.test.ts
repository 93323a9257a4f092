/** What is said of a domain while it is typed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type DomainContext, judgeDomain, keyOf } from "../../src/ui/judge-domain.ts";
import { l10n, user, workspace, written } from "./written.ts";

const folder = { ...workspace, id: "folder", kind: "folder", name: "Shop" } as const;

const context: DomainContext = { value: 3000, routes: [], running: [] };
const judge = (text: string, more: Partial<DomainContext> = {}) =>
  judgeDomain(text, { ...context, ...more }, l10n);

test("a domain that is well is judged with silence", () => {
  for (const text of ["shop.test", " Shop.Test. ", "*.shop.localhost", "*", "bücher.test"]) {
    assert.equal(judge(text), undefined, text);
  }
});

test("a mistake is named, with what to write instead", () => {
  assert.deepEqual(judge("https://shop.test/"), {
    text: 'The domain "https://shop.test/" has a scheme in it. Write "shop.test".',
    isError: true,
  });
  assert.equal(judge("")?.isError, true);
});

test("a domain that has a route is refused, by the place that has it", () => {
  const routes = [...written({ "user.test": 1 }, user), ...written({ "folder.test": 1 }, folder)];
  assert.deepEqual(judge("USER.test", { routes }), {
    text: "user.test has a route already, in the user settings.",
    isError: true,
  });
  assert.match(judge("folder.test", { routes })?.text ?? "", /in the settings of the folder Shop\.$/);
});

test("a route that is edited may keep its domain, and one in Restricted Mode is in nobody's way", () => {
  const own = written({ "shop.test": 1, "a.test": 1 });
  const routes = [...own, ...written({ "far.test": 1 }, folder, { is: "untrusted" })];
  const [again] = written({ "shop.test": 1 });
  assert.ok(again);
  assert.equal(judge("shop.test", { routes, edited: again }), undefined);
  assert.equal(judge("a.test", { routes, edited: again })?.isError, true);
  assert.equal(judge("far.test", { routes }), undefined);
});

test("a route that is edited may keep a domain that another place has too", () => {
  const [edited] = written({ "shop.test": 1 });
  assert.ok(edited);
  const routes = [edited, ...written({ "shop.test": 2, "a.test": 2 }, user)];
  assert.equal(judge("Shop.test", { routes, edited }), undefined);
  assert.equal(judge("a.test", { routes, edited })?.isError, true);
});

test("another window's route is a warning", () => {
  const running = [{ domain: "shop.test", kind: "http", targets: [] }] as const;
  const judgement = judge("shop.test", { running: running.map((each) => ({ ...each, targets: [] })) });
  assert.deepEqual(judgement, {
    text: "Another window has a route for shop.test, and the first one acts.",
    isError: false,
  });
});

test("what surprises later is said now, and does not stand in the way", () => {
  const database = { value: "tcp://localhost:5432" };
  const messages = [
    judge("db.localhost", database),
    judge("shop.dev"),
    judge("shop.local"),
    judge("shop.com"),
  ];
  for (const judgement of messages) {
    assert.equal(judgement?.isError, false);
    assert.match(judgement.text, /Write "(db|shop)\.test"\.$/);
  }
  assert.equal(judge("db.test", database), undefined);
  assert.equal(judge("shop.localhost"), undefined);
});

test("a domain is written in its normal form, but other scripts as they were typed", () => {
  assert.deepEqual(["Shop.Test.", " a.test ", "Bücher.test", "*", "not a domain"].map(keyOf), [
    "shop.test",
    "a.test",
    "Bücher.test",
    "*",
    "not a domain",
  ]);
});
