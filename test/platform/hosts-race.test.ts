/** The hosts file under writers and readers that know nothing of each other, and under a writer that is killed. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";
import { editHosts } from "../../src/core/hosts-edit.ts";
import { editHostsFile } from "../../src/platform/hosts-file.ts";
import {
  applyShop,
  environment,
  HostsFolder,
  localhost,
  program,
  removeAll,
  withShop,
} from "./hosts-support.ts";

function start(t: TestContext, list: readonly string[]) {
  const child = spawn(process.execPath, list, { env: environment });
  child.stderr.pipe(process.stderr);
  t.after(() => child.kill("SIGKILL"));
  return child;
}

test("a writer that is killed at any moment leaves the old file or the new one, and readers see no other", async (t) => {
  const place = new HostsFolder(t);
  const endless = program(`for (;;) {
      await editHostsFile(file, (bytes) => editHosts(bytes, shop));
      await editHostsFile(file, (bytes) => editHosts(bytes, []));
    }`);
  const whole = [localhost, withShop];
  const look = () => {
    const content = place.text;
    assert.ok(whole.includes(content), JSON.stringify(content));
    return content;
  };
  let abandoned = 0;
  for (let round = 0; round < 10; round++) {
    const child = start(t, [...endless, place.file]);
    const missing = new Set(whole);
    while (missing.size > 0) {
      missing.delete(look());
      assert.equal(child.exitCode, null);
      await nextTurn();
    }
    const end = performance.now() + 3 * round;
    while (performance.now() < end) look();
    child.kill("SIGKILL");
    await once(child, "exit");
    look();
    if (place.names.length > 1) abandoned += 1;
    // Else the next one waits until the lock is old, which another test does.
    rmSync(join(place.folder, ".hosts.oneport-lock"), { force: true });
  }
  for (const edit of [applyShop, removeAll]) assert.ok((await editHostsFile(place.file, edit)).ok);
  assert.deepEqual(place.names, ["hosts"]);
  assert.ok(abandoned > 0, "no writer was killed while it wrote");
});

test("what another program appends all the while is there in the end, every line of it", async (t) => {
  const place = new HostsFolder(t);
  const appender = program(`let isOver = false;
    process.stdin.on("end", () => { isOver = true; }).resume();
    let line = 0;
    for (; !isOver; line++) {
      appendFileSync(file, \`10.0.0.1 nas\${line}\\n\`);
      await new Promise((resolve) => setTimeout(resolve, (line * 17) % 41));
    }
    console.log(line);`);
  const child = start(t, [...appender, place.file]);
  const output = text(child.stdout);
  while (place.text === localhost) await delay(5);
  for (let edits = 0; edits < 30; edits++) {
    const edited = await editHostsFile(place.file, edits % 2 === 0 ? applyShop : removeAll);
    assert.ok(edited.ok, edited.ok ? "" : edited.error.message);
    await delay(5);
  }
  child.stdin.end();
  const lines = Number(await output);
  assert.ok(lines > 5);
  const [first, second, ...appended] = place.text.trimEnd().split("\n");
  assert.equal(`${first}\n${second}\n`, localhost);
  const expected = Array.from({ length: lines }, (_, line) => `10.0.0.1 nas${line}`);
  assert.deepEqual(appended.sort(), expected.sort());
});

test("of eight writers at once each writes its block whole, and the last one's stays", async (t) => {
  const place = new HostsFolder(t, `# caf\xe9\r\n${localhost}# no end`);
  const before = place.text;
  const blockOf = (name: string) => [
    { address: "127.0.0.1", name },
    { address: "::1", name },
  ];
  const names = Array.from({ length: 8 }, (_, index) => `writer${index}.test`);
  const outcomes = names.map((name) => editHosts(Buffer.from(before), blockOf(name)));
  const allowed = new Set([before, ...outcomes.map((edit) => (edit.ok ? edit.value.bytes.toString() : ""))]);
  const writers = names.map((name) => {
    const body = `for (let time = 0; time < 4; time++)
      write(await editHostsFile(file, (bytes) => editHosts(bytes, ${JSON.stringify(blockOf(name))})));`;
    return start(t, [...program(body), place.file]);
  });
  let isOver = false;
  const outputs = Promise.all(writers.map(({ stdout }) => text(stdout))).finally(() => {
    isOver = true;
  });
  const seen = new Set<string>();
  while (!isOver) {
    seen.add(readFileSync(place.file, "utf8"));
    await nextTurn();
  }
  assert.deepEqual(
    await outputs,
    names.map(() => "done\n".repeat(4)),
  );
  for (const content of seen) assert.ok(allowed.has(content), JSON.stringify(content));
  assert.ok(seen.size > 2 && place.text !== before && allowed.has(place.text));
  assert.deepEqual(place.names, ["hosts"]);
  assert.ok((await editHostsFile(place.file, removeAll)).ok);
  assert.equal(place.text, before);
});
