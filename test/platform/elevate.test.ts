/** The ways to more rights, with programs that end as pkexec and sudo are documented to; the elevated program only tells of itself. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { makeAuthority } from "../../src/core/authority.ts";
import { decodeStep, type ElevatedStep, encodeStep } from "../../src/core/elevated-step.ts";
import type { Result } from "../../src/core/errors.ts";
import { readRoot } from "../../src/core/trust.ts";
import {
  canElevate,
  elevate,
  hostsStep,
  type PasswordTerminal,
  trustStep,
  untrustStep,
} from "../../src/platform/elevate.ts";
import type { Machine } from "../../src/platform/machine.ts";
import { systemRunner } from "../../src/platform/run.ts";
import { systemPath } from "./trust-place.ts";

const posix = { skip: process.platform === "win32" ? "Windows has no such programs" : false };
const step: ElevatedStep = { do: "restore-443" };

const tellsItself = `console.log(JSON.stringify({ ok: false, error: { code: "told", remedy: process.argv[2],
  message: Object.keys(process.env).sort().join() } }));`;

/** A folder of programs, each a shell script; `$@` in them begins with sudo's or pkexec's own option. */
function place(t: TestContext, programs: { readonly [name: string]: string }, entry = tellsItself) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "oneport elevate's-")));
  t.after(() => rmSync(folder, { recursive: true }));
  const script = join(folder, "elevated.cjs");
  writeFileSync(script, entry);
  for (const [name, body] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  }
  // The computer's own programs are not to be found: a test may run as root, and they would do as they are told.
  const environment = { PATH: folder, DISPLAY: ":0", NODE_OPTIONS: "--no-such-option" };
  const runner = systemRunner(environment);
  const machine: Machine = { platform: "linux", environment, home: folder, isElevated: false, runner };
  return { folder, entry: script, machine };
}

/** An editor's terminal, in which nobody needs to type. */
function editorTerminal() {
  const ran: string[] = [];
  const files: string[] = [];
  const terminal: PasswordTerminal = {
    isOurs: false,
    run: async ({ program, arguments: list }) => {
      const { status, stdout } = spawnSync(program, list, { env: { PATH: systemPath }, encoding: "utf8" });
      ran.push(stdout);
      files.push(list.find((word) => word.endsWith("/outcome")) ?? "");
      return status ?? undefined;
    },
  };
  return { ran, files, terminal };
}

const grants = 'shift; exec "$@"';
const noAgent =
  "echo 'Error executing command as another user: No authentication agent found.' >&2; exit 127";

function problemOf(result: Result<void>) {
  assert.ok(!result.ok);
  return result.error;
}

test("the dialog runs the program with the step alone, and nothing of our environment", posix, async (t) => {
  const { terminal, ran } = editorTerminal();
  const how = { ...place(t, { pkexec: grants, sudo: "exit 1" }), terminal };
  const { code, message, remedy } = problemOf(await elevate(step, how));
  assert.deepEqual([code, message, ran.length], ["told", "LC_ALL,PATH", 0]);
  assert.deepEqual(await decodeStep(remedy), { ok: true, value: step });
});

test("whoever has the rights needs neither dialog nor terminal", posix, async (t) => {
  const { terminal, ran } = editorTerminal();
  const { machine, entry } = place(t, {});
  const how = { machine: { ...machine, isElevated: true }, entry, terminal };
  assert.ok(await canElevate(how));
  const { code, message } = problemOf(await elevate(step, how));
  assert.deepEqual([code, message, ran.length], ["told", "LC_ALL,PATH", 0]);
});

test("where nobody shows the dialog, the editor's terminal asks; no file is left", posix, async (t) => {
  const { terminal, ran, files } = editorTerminal();
  const how = { ...place(t, { pkexec: noAgent, sudo: grants }), terminal };
  const { code, message } = problemOf(await elevate(step, how));
  assert.deepEqual([code, message], ["told", "LC_ALL,PATH"]);
  assert.deepEqual(ran, [
    "Oneport wants to take back that every user of this system may listen on port 443.\n\n",
  ]);
  assert.match(files.join(), /\/oneport-elevation-\w+\/outcome$/);
  for (const file of files) assert.ok(!existsSync(dirname(file)));
});

test(
  "each refusal has its name and the line to paste, and is not asked again elsewhere",
  posix,
  async (t) => {
    const refusals = {
      "elevation-declined": "exit 126",
      "elevation-refused": "echo 'Error executing command as another user: Not authorized' >&2; exit 127",
      "elevation-not-readable": "echo \"/usr/bin/env: '$4': Permission denied\" >&2; exit 126",
      "elevation-failed": "kill -9 $$",
    };
    for (const [code, pkexec] of Object.entries(refusals)) {
      const { terminal, ran } = editorTerminal();
      const how = { ...place(t, { pkexec, sudo: grants }), terminal };
      const problem = problemOf(await elevate(step, how));
      assert.deepEqual([problem.code, ran.length], [code, 0]);
      const argument = await encodeStep(step);
      assert.ok(argument.ok);
      assert.ok(problem.remedy.includes(": sudo /usr/bin/env -i "), problem.remedy);
      assert.ok(problem.remedy.endsWith(` ${argument.value}`), problem.remedy);
    }
  },
);

test("a dialog that nobody answers is closed in the end", posix, async (t) => {
  const { terminal } = editorTerminal();
  const how = { ...place(t, { pkexec: "exec /bin/sleep 60" }), terminal };
  assert.equal(problemOf(await elevate(step, how, 300)).code, "elevation-timed-out");
});

test("a terminal that was closed, a wrong password and no way at all are told apart", posix, async (t) => {
  const closed = { isOurs: false, run: async () => undefined };
  const how = { ...place(t, { sudo: "exit 1" }), terminal: closed };
  assert.equal(problemOf(await elevate(step, how)).code, "elevation-declined");
  const { terminal } = editorTerminal();
  assert.equal(problemOf(await elevate(step, { ...how, terminal })).code, "elevation-refused");
  const nowhere = { ...place(t, {}), terminal };
  assert.equal(await canElevate(nowhere), false);
  assert.equal(problemOf(await elevate(step, nowhere)).code, "elevation-impossible");
});

test("a program that says nothing has not done it", posix, async (t) => {
  const { terminal } = editorTerminal();
  const how = { ...place(t, { pkexec: grants }, ""), terminal };
  assert.equal(problemOf(await elevate(step, how)).code, "elevation-failed");
});

test("what the program would refuse is refused before anybody is asked", posix, async (t) => {
  const { folder, ...there } = place(t, { pkexec: 'touch "$0.asked"' });
  const { terminal } = editorTerminal();
  const { rootCertificate } = await makeAuthority(new Date(), ["shop.example.com"]);
  const root = readRoot(rootCertificate);
  assert.ok(root);
  const bank = [{ address: "127.0.0.1", name: "bank.com" }];
  const refused = {
    "hosts-consent": hostsStep(Buffer.from(""), bank, ["bank.org"]),
    "step-invalid": hostsStep(Buffer.from(""), [{ address: "10.0.0.1", name: "a.test" }], []),
    "root-unconstrained": trustStep(root, ["test"]),
  };
  for (const [code, each] of Object.entries(refused)) {
    assert.equal(problemOf(await elevate(each, { ...there, terminal })).code, code);
  }
  assert.ok(!readdirSync(folder).includes("pkexec.asked"));
  for (const each of [trustStep(root, ["test", "shop.example.com"]), untrustStep([root])]) {
    assert.ok((await encodeStep(each)).ok);
  }
});
