import assert from "node:assert/strict";
import net from "node:net";
import { describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { assignAddresses } from "../../src/core/loopback.ts";
import { connectOwn } from "./pieces.ts";
import { connect, read, turn } from "./streams.ts";
import { freePort, listen, startMux, startTcp, type TestMux } from "./support.ts";

/** Says its word, and echoes. */
const serve = (word: string) =>
  startTcp((socket) => {
    socket.write(word);
    socket.pipe(socket);
  });

async function isOpen(port: number, host: string): Promise<boolean> {
  try {
    (await connect(port, host)).destroy();
    return true;
  } catch {
    return false;
  }
}

/** Fulfilled once an address takes connections, or takes none any more. */
async function settled(mux: TestMux, address: string, open: boolean): Promise<void> {
  while ((await isOpen(mux.port, address)) !== open) await wait(2);
}

const problems = (mux: TestMux) => mux.events.filter((event) => event.type === "problem");

describe("The addresses that are listened on", () => {
  it("are told, one for each stream with a name of its own that a hosts file can hold", async () => {
    const port = await freePort();
    await using mux = await startMux({
      "db.test": `tcp://127.0.0.1:${port}`,
      "auth.test": `tls://127.0.0.1:${port}`,
      "old.test": `tcp+ws://127.0.0.1:${port}`,
      "web.test": `http://127.0.0.1:${port}`,
      "live.test": `ws://127.0.0.1:${port}`,
      "db.localhost": `tcp://127.0.0.1:${port}`,
      localhost: `tcp://127.0.0.1:${port}`,
      "*.preview.test": `tcp://127.0.0.1:${port}`,
      "*": `tcp://127.0.0.1:${port}`,
    });

    const own = ["db.test", "auth.test", "old.test"].map((domain) => mux.addressOf(domain));
    const { addresses } = await mux.event("listening");
    const shared = addresses.filter((address) => !address.startsWith("127.77."));
    assert.equal(shared[0], "127.0.0.1");
    assert.ok(shared.length === 1 || (shared.length === 2 && shared[1] === "::1"));
    assert.deepEqual(addresses.slice(shared.length).sort(), own.sort());
    for (const address of addresses) assert.equal(await isOpen(mux.port, address), true, address);
    for (const domain of ["web.test", "live.test", "db.localhost", "localhost", "*.preview.test", "*"]) {
      assert.throws(() => mux.addressOf(domain), /has no address/);
    }
  });

  it("follow the routes, and what is open goes on when its address goes", async () => {
    await using one = await serve("one");
    await using two = await serve("two");
    await using mux = await startMux({ "one.test": `tcp://127.0.0.1:${one.port}` });

    const first = mux.addressOf("one.test");
    const open = await connectOwn(mux, "one.test");
    assert.equal(String(await read(open, 3)), "one");

    mux.setRoutes({ "two.test": `tcp://127.0.0.1:${two.port}` });
    await settled(mux, first, false);
    await settled(mux, mux.addressOf("two.test"), true);
    const other = await connectOwn(mux, "two.test");
    assert.equal(String(await read(other, 3)), "two");
    open.write("still here");
    assert.equal(String(await read(open, 10)), "still here");

    mux.setRoutes({ "one.test": `tcp://127.0.0.1:${two.port}` });
    await settled(mux, first, true);
    const again = await connectOwn(mux, "one.test");
    assert.equal(String(await read(again, 3)), "two");
    for (const client of [open, other, again]) client.destroy();
    assert.deepEqual(problems(mux), []);
  });

  it("are told again when they change, and not with every change of the routes", async () => {
    const to = `tcp://127.0.0.1:${await freePort()}`;
    await using mux = await startMux({ "one.test": to });
    mux.setRoutes({ "one.test": { to, tls: false } });
    mux.setRoutes({ "one.test": to, "two.test": to });
    const [one, two] = [mux.addressOf("one.test"), mux.addressOf("two.test")];
    await mux.event("listening", ({ addresses }) => addresses.includes(two));
    mux.setRoutes({ "two.test": to });
    await mux.event("listening", ({ addresses }) => !addresses.includes(one));
    const told = mux.events.flatMap((event) => (event.type === "listening" ? [event.addresses] : []));
    assert.deepEqual(
      told.map((addresses) => addresses.filter((address) => address === one || address === two)),
      [[one], [one, two], [two]],
    );
  });

  it("are those of the last routes, however fast these change", async () => {
    await using service = await serve("here");
    const to = `tcp://127.0.0.1:${service.port}`;
    await using mux = await startMux({});

    const passing = [...assignAddresses(["a.test", "b.test", "c.test"]).values()];
    for (let round = 0; round < 20; round++) {
      mux.setRoutes({ "a.test": to, "b.test": to });
      mux.setRoutes({ "a.test": to, "c.test": to });
      mux.setRoutes({ "a.test": to, "c.test": { to, tls: false } });
      mux.setRoutes(round % 2 === 0 ? { "a.test": to } : {});
      if (round % 5 === 0) await turn();
    }
    mux.setRoutes({ "last.test": to });
    await settled(mux, mux.addressOf("last.test"), true);
    for (const address of passing) assert.equal(await isOpen(mux.port, address), false, address);
    assert.deepEqual(problems(mux), []);
  });

  it("are all given up by a stop, also one that has not been listened on yet", async () => {
    await using service = await serve("here");
    await using mux = await startMux({});

    mux.setRoutes({ "late.test": `tcp://127.0.0.1:${service.port}` });
    const address = mux.addressOf("late.test");
    await mux.stop(0);
    await wait(50);
    assert.equal(await isOpen(mux.port, address), false);
  });

  it("are without one that somebody else has, which is told, until it is free", async () => {
    await using service = await serve("here");
    const routes = {
      "taken.test": `tcp://127.0.0.1:${service.port}`,
      "free.test": `tcp://127.0.0.1:${service.port}`,
    };
    await using mux = await startMux({});
    const address = assignAddresses(Object.keys(routes)).get("taken.test") ?? assert.fail();
    const stranger = await listen(
      net.createServer((socket) => socket.end("stranger")),
      address,
      mux.port,
    );

    mux.setRoutes(routes);
    const { problem } = await mux.event("problem");
    assert.equal(problem.code, "port-taken");
    assert.match(problem.message, new RegExp(`${address}:${mux.port}`));
    await settled(mux, mux.addressOf("free.test"), true);
    const client = await connectOwn(mux, "free.test");
    assert.equal(String(await read(client, 4)), "here");
    client.destroy();

    // Once is enough.
    mux.setRoutes({ ...routes, "other.test": `tcp://127.0.0.1:${service.port}` });
    await settled(mux, mux.addressOf("other.test"), true);
    assert.equal(problems(mux).length, 1);

    await stranger[Symbol.asyncDispose]();
    mux.setRoutes(routes);
    await settled(mux, address, true);
    const late = await connectOwn(mux, "taken.test");
    assert.equal(String(await read(late, 4)), "here");
    late.destroy();
    assert.equal(problems(mux).length, 1);
  });

  it("are no target: a route to one of them would go round in circles", async () => {
    await using service = await serve("here");
    await using mux = await startMux({});
    const [address] = assignAddresses(["a.test"]).values();
    mux.setRoutes({
      "a.test": `tcp://127.0.0.1:${service.port}`,
      "b.test": `tcp://${address}:${mux.port}`,
    });
    await settled(mux, mux.addressOf("b.test"), true);
    await settled(mux, mux.addressOf("a.test"), true);

    const client = await connectOwn(mux, "b.test");
    client.on("error", () => undefined);
    const { ending } = await mux.report(({ route }) => route === "b.test");
    assert.equal(ending.how === "refused" && ending.problem.code, "target-is-mux");
    client.destroy();
  });
});
