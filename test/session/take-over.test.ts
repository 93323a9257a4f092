/** The owner's end in each way it can come: the others go on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { ask, Place, percentile } from "./place.ts";

test("an owner that is killed fifty times is followed at once, by one, and no route of the living is lost", async (t) => {
  await using place = await Place.create();
  for (let n = 0; n < 6; n++) place.open(`w${n}`);
  const milliseconds: number[] = [];
  for (let round = 0; round < 50; round++) {
    const owner = await place.settled();
    const survivor = place.alive.find((window) => window !== owner) ?? assert.fail();
    owner.signal("SIGKILL");
    await owner.exited;
    const since = performance.now();
    await comesBack(place.port, `${survivor.name}.localhost`);
    milliseconds.push(performance.now() - since);
    const next = await place.settled();
    assert.notEqual(next, owner);
    for (const { name } of place.alive) {
      assert.deepEqual(await ask(place.port, `${name}.localhost`), {
        status: 200,
        body: `${name}.localhost`,
      });
    }
    assert.equal((await ask(place.port, `${owner.name}.localhost`)).status, 404);
    assert.deepEqual(await place.sockets(), [`${place.port}.sock`]);
    place.open(owner.name);
  }
  const [p50, p99] = [percentile(milliseconds, 0.5), percentile(milliseconds, 0.99)];
  t.diagnostic(`take-over: p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`);
});

/** A client that tries again at once. */
async function comesBack(port: number, name: string): Promise<void> {
  for (;;) {
    try {
      return void assert.equal((await ask(port, name)).status, 200);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      await wait(1);
    }
  }
}

test("an owner that leaves loses no new connection, and what is open goes on for the grace", {
  skip:
    process.platform === "linux" ? false : "only Linux lets a successor listen before its predecessor closes",
}, async (t) => {
  await using place = await Place.create();
  const names = ["a", "b", "c"];
  for (const name of names) place.open(name);
  let answered = 0;
  const lost: unknown[] = [];
  let goesOn = true;
  const client = async (name: string) => {
    while (goesOn) {
      try {
        assert.equal((await ask(place.port, name)).status, 200);
        answered++;
      } catch (error) {
        lost.push(error);
      }
      await wait(1);
    }
  };
  await place.settled();
  const lasting = place.open("lasting");
  await place.settled();
  const clients = Array.from({ length: 4 }, () => client("lasting.localhost"));
  for (let round = 0; round < 10; round++) {
    const owner = await place.settled();
    if (owner === lasting) break;
    await owner.stop({ graceSeconds: 2 });
    await place.settled();
    place.open(owner.name);
  }
  goesOn = false;
  await Promise.all(clients);
  t.diagnostic(`${answered} connections answered, ${lost.length} lost`);
  assert.deepEqual(lost, []);
});

test("a stopped owner is replaced within ten seconds, and its return leaves one owner", async (t) => {
  await using place = await Place.create();
  place.open("first");
  const owner = await place.settled();
  place.open("second");
  place.open("third");
  await place.settled();
  owner.signal("SIGSTOP");
  const since = performance.now();
  await Promise.race(
    place.alive.filter((each) => each !== owner).map((each) => each.until("session", isOwner)),
  );
  const seconds = (performance.now() - since) / 1000;
  t.diagnostic(`replaced after ${seconds.toFixed(1)} s`);
  assert.ok(seconds < 10);
  owner.signal("SIGCONT");
  await owner.exited;
  await place.settled();
  for (const name of ["second", "third"])
    assert.equal((await ask(place.port, `${name}.localhost`)).status, 200);
});

function isOwner({ role }: { readonly role: "owner" | "member" }): boolean {
  return role === "owner";
}

test("a stopped member is left in peace: it is a member again when it goes on", async () => {
  await using place = await Place.create();
  place.open("owner");
  await place.settled();
  const member = place.open("member");
  const owner = await place.settled();
  member.signal("SIGSTOP");
  const routes = { "owner.localhost": place.servicePort, "more.localhost": place.servicePort };
  owner.setRoutes(routes);
  await owner.until("routes", (event) => event.routes.length === 3);
  assert.equal((await ask(place.port, "member.localhost")).status, 200);
  member.signal("SIGCONT");
  await member.until("routes", (event) => event.routes.length === 3);
  assert.equal((await place.settled()).name, "owner");
});

test("an owner that comes to its end while it hands over is followed all the same", async () => {
  await using place = await Place.create();
  for (const name of ["a", "b", "c"]) place.open(name);
  const owner = await place.settled();
  owner.send({ type: "stop", graceSeconds: 2 });
  owner.signal("SIGKILL");
  await owner.exited;
  const next = await place.settled();
  assert.equal((await ask(place.port, `${next.name}.localhost`)).status, 200);
});
