/** The commands that lead to more rights. Those of macOS and Windows are held against their documentation: not run here. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  inTerminal,
  type Launch,
  pasteLine,
  plainCommand,
  throughOsascript,
  throughProgram,
  throughUac,
} from "../../src/core/elevation-commands.ts";

const posix = { skip: process.platform === "win32" ? "Windows has no such shell" : false };
const odd = '/opt/it\'s "$HOME" & `id`;\n(x)/node';
const launch: Launch = { node: odd, isElectron: false, entry: "/opt/one port/elevated.cjs", argument: "e30" };
const env = ["/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"];

test("the program is started with an environment of its own, and as Node where it is Electron", () => {
  const { program, arguments: list } = plainCommand(launch);
  assert.deepEqual([program, ...list], [...env, odd, launch.entry, "e30"]);
  const electron = plainCommand({ ...launch, isElectron: true });
  assert.deepEqual(electron.arguments.slice(3, 5), ["ELECTRON_RUN_AS_NODE=1", odd]);
});

test("sudo and pkexec get that command word for word", () => {
  const command = [...env, odd, launch.entry, "e30"];
  const sudo = throughProgram("/usr/bin/sudo", "sudo", launch);
  assert.deepEqual([sudo.program, ...sudo.arguments], ["/usr/bin/sudo", "--", ...command]);
  const pkexec = throughProgram("/usr/bin/pkexec", "pkexec", launch);
  assert.deepEqual(pkexec.arguments, ["--disable-internal-agent", ...command]);
});

test(
  "a terminal shows what it is about, keeps words whole, and gives back outcome and status",
  posix,
  (t) => {
    const folder = mkdtempSync(join(tmpdir(), "oneport it's-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const sudo = join(folder, "sudo");
    writeFileSync(sudo, '#!/bin/sh\nprintf "%s|" "$@"\necho asks >&2\nexit 7\n', { mode: 0o755 });
    const file = join(folder, "the outcome");
    const { program, arguments: list } = inTerminal(throughProgram(sudo, "sudo", launch), "Why not", file);
    const { status, stdout, stderr } = spawnSync(program, list, { encoding: "utf8" });
    assert.deepEqual({ status, stdout, stderr }, { status: 7, stdout: "Why not\n\n", stderr: "asks\n" });
    assert.equal(readFileSync(file, "utf8"), ["--", ...env, odd, launch.entry, "e30", ""].join("|"));
  },
);

test("the line to paste is one command for a shell", posix, () => {
  const line = pasteLine("linux", launch);
  assert.match(line, /^sudo \/usr\/bin\/env /);
  const words = execFileSync("sh", ["-c", line.replace(/^sudo/, 'printf "%s|"')], { encoding: "utf8" });
  assert.equal(words, [...env, odd, launch.entry, "e30", ""].join("|"));
});

test("macOS gets line and reason as arguments of a fixed script", posix, () => {
  const { program, arguments: list } = throughOsascript(launch, 'He said "yes"');
  assert.equal(program, "/usr/bin/osascript");
  const [line = "", reason] = list.slice(-2);
  assert.equal(reason, 'He said "yes"');
  assert.deepEqual(list.slice(0, -2), [
    ...["-e", "on run argv"],
    ...["-e", "do shell script (item 1 of argv) with prompt (item 2 of argv) with administrator privileges"],
    ...["-e", "end run"],
  ]);
  const words = execFileSync("sh", ["-c", `printf "%s|" ${line}`], { encoding: "utf8" });
  assert.equal(words, [...env, odd, launch.entry, "e30", ""].join("|"));
  assert.equal(spawnSync("sh", ["-c", line.replace("/usr/bin/env", "/usr/bin/false")]).status, 0);
});

test("Windows gets a script in a script, with every kind of single quote doubled", () => {
  const windows = {
    ...launch,
    node: "C:\\O'Neil\u2019s\\Code.exe",
    entry: "C:\\x\\elevated.cjs",
    isElectron: true,
  };
  const command = throughUac(windows, "D:\\Windows");
  assert.ok(command);
  assert.equal(command.program, "D:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe");
  const [profile, interaction, option, script = ""] = command.arguments;
  assert.deepEqual([profile, interaction, option], ["-NoProfile", "-NonInteractive", "-Command"]);
  assert.match(script, /Verb = 'runas'/);
  assert.match(script, /-eq 1223\) \{ exit 126 \}/);
  assert.doesNotMatch(script, /"/);
  const [, inner = ""] = /-EncodedCommand ([\w+/=]+)'/.exec(script) ?? [];
  assert.equal(
    Buffer.from(inner, "base64").toString("utf16le"),
    "$env:NODE_OPTIONS = $null; $env:ELECTRON_RUN_AS_NODE = '1'; " +
      "& 'C:\\O''Neil\u2019\u2019s\\Code.exe' 'C:\\x\\elevated.cjs' 'e30' | Out-Null; exit $LASTEXITCODE",
  );
  assert.match(pasteLine("win32", windows), /^\$env:NODE_OPTIONS = \$null; .* & 'C:\\O''Neil/);
});

test("what is too long for a command of Windows is no command", () => {
  assert.ok(throughUac({ ...launch, argument: "A".repeat(10_000) }));
  assert.equal(throughUac({ ...launch, argument: "A".repeat(20_000) }), undefined);
});
