/** What becomes of a process that holds the port and does not answer. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { thisMachine } from "../../src/platform/machine.ts";
import { processes } from "../../src/platform/processes.ts";
import { endIfStopped } from "../../src/session/silent-owner.ts";

const machine = processes(thisMachine());

/** A process that holds a port, and does nothing with it. */
async function startHolder(): Promise<
  { readonly child: ChildProcess; readonly port: number } & AsyncDisposable
> {
  const program = `const server = require("node:net").createServer().listen(0, "127.0.0.1", () => console.log(server.address().port))`;
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(createInterface(child.stdout), "line");
  return { child, port: Number(line), [Symbol.asyncDispose]: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

async function untilState(pid: number | undefined, state: string): Promise<void> {
  while ((await machine.stateOf(pid ?? 0)) !== state) await new Promise(setImmediate);
}

test("a process that a signal has stopped is killed, and named", async () => {
  await using holder = await startHolder();
  holder.child.kill("SIGSTOP");
  await untilState(holder.child.pid, "stopped");
  const exited = once(holder.child, "exit");
  const owner = await endIfStopped(holder.port, machine);
  assert.deepEqual([owner?.is, owner?.problem.code], ["ended", "owner-ended"]);
  assert.match(
    owner?.problem.message ?? "",
    new RegExp(`\\(pid ${holder.child.pid}\\) .* was suspended, .* it was ended\\.$`),
  );
  assert.deepEqual(await exited, [null, "SIGKILL"]);
});

test("a process that runs is left alone, and named", async () => {
  await using holder = await startHolder();
  const owner = await endIfStopped(holder.port, machine);
  assert.deepEqual([owner?.is, owner?.problem.code], ["alive", "owner-silent"]);
  assert.match(
    owner?.problem.message ?? "",
    new RegExp(`\\(pid ${holder.child.pid}\\) .* does not answer\\.$`),
  );
  assert.equal(holder.child.signalCode, null);
});

test("a process that a debugger holds is left alone, and named", {
  skip: process.platform === "linux" ? false : "told by /proc",
}, async () => {
  await using holder = await startHolder();
  const attach = `import ctypes, sys
libc = ctypes.CDLL(None)
libc.ptrace(16, ${holder.child.pid}, None, None)
print("attached", flush=True)
sys.stdin.read()`;
  const python = spawn("python3", ["-c", attach], { stdio: ["pipe", "pipe", "inherit"] });
  try {
    await once(python.stdout, "data");
    await untilState(holder.child.pid, "traced");
    const owner = await endIfStopped(holder.port, machine);
    assert.match(owner?.problem.message ?? "", /is held by a debugger\.$/);
    assert.equal(holder.child.signalCode, null);
  } finally {
    await end(python);
  }
});

test("where nobody is left there is nothing to do", async () => {
  // tcpmux: what listens there is none of anybody's tests.
  assert.equal(await endIfStopped(1, machine), undefined);
});
