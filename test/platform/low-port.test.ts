/** What this system, and what recorded answers of another one, make of port 443. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { test } from "node:test";
import { findPortChange, planPort443 } from "../../src/platform/low-port.ts";
import { thisMachine } from "../../src/platform/machine.ts";
import { refused, said, scripted } from "./scripted-runner.ts";

const linux = { skip: process.platform === "linux" ? false : "only Linux has this setting" };

test("the plan is what a socket finds", linux, async () => {
  const { state } = await planPort443(thisMachine());
  const outcome = await new Promise<string>((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve(error.message));
    server.listen({ host: "127.0.0.1", port: 443 }, () => server.close(() => resolve("free")));
  });
  if (state === "free") assert.doesNotMatch(outcome, /EACCES/);
  else assert.match(outcome, /EACCES/);
});

test("who holds the port is said first", async () => {
  const plan = await planPort443(thisMachine(), "caddy (pid 12)");
  assert.equal(plan.state, "taken");
  assert.match(plan.explanation, /^caddy \(pid 12\) /);
});

test("nothing was changed as long as there is no file of ours", linux, async () => {
  const files = ["/etc/sysctl.d/50-oneport.conf", "/run/sysctl.d/50-oneport.conf"];
  const present = await Promise.all(
    files.map((file) =>
      readFile(file).then(
        () => true,
        () => false,
      ),
    ),
  );
  assert.equal((await findPortChange()) !== undefined, present.includes(true));
});

test("Windows is asked by its own program; what it cannot say keeps nobody away", async () => {
  const on = (runner: ReturnType<typeof scripted>) =>
    planPort443({ ...thisMachine(), platform: "win32", environment: { SystemRoot: "D:\\Windows" }, runner });
  const reserved = scripted(() =>
    said("\r\nStart Port    End Port\r\n----------    --------\r\n       400         499\r\n"),
  );
  assert.equal((await on(reserved)).state, "reserved");
  assert.deepEqual(reserved.ran, [
    ["D:\\Windows\\System32\\netsh.exe", "int", "ipv4", "show", "excludedportrange", "protocol=tcp"],
  ]);
  assert.equal((await on(scripted(() => refused(1, "no such command")))).state, "free");
});
