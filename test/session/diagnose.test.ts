/** What the worker's thread finds of the port for a window whose mux does not run. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { diagnose } from "../../src/session/task.ts";
import { Place } from "./place.ts";

const worker = new URL("../../src/worker.ts", import.meta.url);

/** The findings about the port; no store has to trust anything. */
async function aboutPort({ stateDirectory, port }: Place) {
  const settings = { "oneport.port": port, "oneport.certificates": "selfSigned" };
  const found = await diagnose(worker, { stateDirectory, settings });
  assert.ok(found.ok);
  return found.value.filter(({ check }) => check === "port");
}

test("the mux of another window is no stranger to be stopped, but one to join", async () => {
  await using place = await Place.create();
  const subject = `port ${place.port}`;
  const free = { check: "port", subject, state: "ok", message: "It is free; Oneport is not running." };
  assert.deepEqual(await aboutPort(place), [free]);

  place.open("shop");
  await place.settled();
  const joinable = {
    check: "port",
    subject,
    state: "note",
    message: "Oneport listens there for others, and this window has no part in it.",
    remedy: 'Run "oneport start" to join it.',
  };
  assert.deepEqual(await aboutPort(place), [joinable]);
});
