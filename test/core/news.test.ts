/** Holds which connections are told of when nobody reads the log. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConnectionReport, Ending, Seen } from "../../src/core/events.ts";
import { News } from "../../src/core/news.ts";

const closed: Ending = { how: "closed" };
const refused: Ending = {
  how: "refused",
  problem: { code: "target-down", message: "No.", remedy: "Start." },
};
const byName: Seen = { by: "sni", name: "app.test" };

function report(ending: Ending, route: string | undefined = "app.test", seen = byName): ConnectionReport {
  const rest = { id: 1, client: "127.0.0.1:5", requests: 0, received: 0, sent: 0, milliseconds: 1 };
  return { ...rest, seen, ending, ...(route !== undefined && { route }) };
}

test("the first connection of a route is news, and the next ones like it are not", () => {
  const news = new News();
  assert.deepEqual(
    [closed, closed, { how: "reset", by: "client" } as const].map((ending) => news.learn(report(ending))),
    [true, false, false],
  );
  assert.equal(news.learn(report(closed, "api.test")), true);
});

test("the first that comes in another way is news: with it TLS may have begun", () => {
  const news = new News();
  const byHost: Seen = { by: "host", name: "app.test" };
  assert.equal(news.learn(report(closed, "app.test", byHost)), true);
  assert.equal(news.learn(report(closed, "app.test", byName)), true);
  assert.equal(news.learn(report(closed, "app.test", byHost)), false);
});

test("every refusal is news, and so is the first connection after it that is none", () => {
  const news = new News();
  news.learn(report(closed));
  assert.deepEqual(
    [closed, refused, refused, closed, closed].map((ending) => news.learn(report(ending))),
    [false, true, true, true, false],
  );
});

test("what reached no route is none, refused or not", () => {
  const rest = { id: 1, client: "127.0.0.1:5", requests: 0, received: 0, sent: 0, milliseconds: 1 };
  for (const ending of [closed, refused]) {
    assert.equal(new News().learn({ ...rest, seen: { by: "nothing" }, ending }), false);
  }
});
