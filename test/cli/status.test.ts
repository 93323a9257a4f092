/** `oneport start` in two terminals, `oneport status` and `oneport stop`. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { freePort, startHttp } from "../mux/support.ts";
import { ask } from "../session/place.ts";
import { Workplace } from "./oneport.ts";

test("without a mux status and stop say so, with status 1", async () => {
  await using place = await Workplace.with(undefined);
  for (const command of ["status", "stop"]) {
    const { status, output, errors } = await place.run([command]);
    assert.deepEqual({ status, output }, { status: 1, output: "" });
    assert.match(errors, /^oneport: No mux is running\. Start one .*\n$/);
  }
});

test("a state directory that cannot be used is told by start, status and stop in one line, with status 1", async () => {
  await using place = await Workplace.with({ "oneport.routes": {} });
  await writeFile(place.state, "");
  for (const command of [["start", "--port", "0"], ["status"], ["stop"]]) {
    const { status, output, errors } = await place.run(command);
    assert.deepEqual({ status, output }, { status: 1, output: "" });
    assert.match(errors, /^oneport: [^\n]* cannot be used \(ENOTDIR\)\. [^\n]*ONEPORT_STATE_DIR[^\n]*\n$/);
  }
});

test("a second terminal takes part in the mux of the first; status shows both, and stop ends both", async () => {
  await using service = await startHttp((_request, response) => response.end("hello"));
  await using place = await Workplace.with({ "oneport.routes": { "a.localhost": service.port } });
  await using other = await Workplace.with({
    "oneport.routes": {
      "a.localhost": service.port + 1,
      "b.localhost": { to: "http://localhost:1", hold: 0 },
    },
  });
  const port = String(await freePort());
  const shared = { ONEPORT_STATE_DIR: place.state };
  await using first = place.start(["--port", port]);
  await first.output.until(/listens on port/);
  await using second = other.start(["--port", port], shared);
  await second.output.until(/This terminal takes part in the mux of .* \(pid \d+\)\./);
  await second.output.until(/a\.localhost has one target in .*, which keeps it, and another one in /);

  const url = `http://127.0.0.1:${port}/`;
  const answer = await fetch(url, { headers: { Host: "ignored" } });
  assert.equal(answer.status, 404);
  const lines = (await place.run(["status", "--json"])).output.trim().split("\n");
  const [mux, owner, member, a, b] = lines.map((line) => JSON.parse(line));
  assert.deepEqual([mux.type, mux.port, mux.addresses[0]], ["mux", Number(port), "127.0.0.1"]);
  assert.deepEqual([owner.role, owner.kind, owner.routes], ["owner", "terminal", ["a.localhost"]]);
  assert.deepEqual(member.routes, ["b.localhost"]);
  assert.deepEqual(member.conflicts, [{ domain: "a.localhost", heldBy: owner.id }]);
  assert.deepEqual([a.domain, a.targets[0].state, a.windows, a.open], ["a.localhost", "up", [owner.id], 0]);
  assert.deepEqual([b.domain, b.targets[0].state, b.windows], ["b.localhost", "down", [member.id]]);

  const { status, output } = await place.run(["status"]);
  assert.equal(status, 0);
  assert.match(output, new RegExp(`^Oneport listens on port ${port} \\(127\\.0\\.0\\.1`));
  assert.match(output, /terminal {2}\d+ {2}owner\n.*terminal {2}\d+ {2}member\n/);
  assert.match(output, /a\.localhost .* up .* keeps a\.localhost: .* has another target for it\.\n$/s);

  const stopped = await place.run(["stop"]);
  assert.deepEqual(stopped, {
    status: 0,
    output: `Ended the mux on port ${port}, for all its windows.\n`,
    errors: "",
  });
  for (const terminal of [first, second]) {
    await terminal.output.until(/The mux was ended, for all windows\./);
    assert.equal(await terminal.ended(), 0);
  }
  assert.equal((await place.run(["status"])).status, 1);
});

test("a terminal takes over when the one that owns the mux ends, and says so", async () => {
  await using place = await Workplace.with({ "oneport.routes": { "a.localhost": 3000 } });
  const port = String(await freePort());
  await using first = place.start(["--port", port]);
  await first.output.until(/listens on port/);
  await using second = place.start(["--port", port]);
  await second.output.until(/takes part/);
  first.signal("SIGINT");
  assert.equal(await first.ended(), 0);
  await second.output.until(/The mux is this terminal's now\./);
  second.signal("SIGINT");
  assert.equal(await second.ended(), 0);
});

test("a terminal that ends a suspended one to have its port says which, why, and what to do instead", async () => {
  await using place = await Workplace.with({ "oneport.routes": { "a.localhost": 3000 } });
  const port = String(await freePort());
  await using first = place.start(["--port", port]);
  await first.output.until(/listens on port/);
  first.signal("SIGSTOP");
  await using second = place.start(["--port", port]);
  await second.output.until(/^Oneport listens on port/);
  const told = await second.output.until(/was suspended/);
  assert.match(
    told,
    new RegExp(`\\(pid ${first.pid}\\) .* it was ended\\. End a mux with Ctrl-C or "oneport stop"`),
  );
  assert.equal(await first.ended(), null);
  second.signal("SIGINT");
  assert.equal(await second.ended(), 0);
});

test("counts of what was carried are by route", async () => {
  await using service = await startHttp((_request, response) => response.end("hello"));
  await using place = await Workplace.with({ "oneport.routes": { "a.localhost": service.port } });
  const port = await freePort();
  await using mux = place.start(["--port", String(port)]);
  await mux.output.until(/listens on port/);
  for (let n = 0; n < 3; n++) assert.equal((await ask(port, "a.localhost")).body, "hello");
  const lines = (await place.run(["status", "--json"])).output.trim().split("\n");
  const route = JSON.parse(lines.at(-1) ?? "");
  assert.deepEqual([route.domain, route.closed], ["a.localhost", 3]);
  assert.ok(route.received > 100 && route.sent > 100);
});
