/** Which way to more rights is taken where, and what the end of each means. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Ended,
  formatOutcome,
  readEnd,
  type Surroundings,
  waysToElevate,
} from "../../src/core/elevation.ts";
import { fail, ok } from "../../src/core/errors.ts";

const linux: Surroundings = {
  platform: "linux",
  environment: {},
  isElevated: false,
  isInTerminal: false,
  hasSudo: true,
  hasPkexec: true,
};
const onDesktop = { ...linux, environment: { WAYLAND_DISPLAY: "wayland-0" } };

test("whoever has the rights already asks nobody", () => {
  for (const platform of ["linux", "darwin", "win32"] as const) {
    assert.deepEqual(waysToElevate({ ...onDesktop, platform, isElevated: true }), ["direct"]);
  }
});

test("on Linux an editor shows the desktop's dialog, and sudo in a terminal where there is no desktop", () => {
  assert.deepEqual(waysToElevate(onDesktop), ["pkexec", "sudo"]);
  assert.deepEqual(waysToElevate({ ...linux, environment: { DISPLAY: ":0" } }), ["pkexec", "sudo"]);
  assert.deepEqual(waysToElevate({ ...onDesktop, hasPkexec: false }), ["sudo"]);
  assert.deepEqual(waysToElevate({ ...onDesktop, hasSudo: false }), ["pkexec"]);
  assert.deepEqual(waysToElevate(linux), ["sudo"]);
  assert.deepEqual(waysToElevate({ ...linux, environment: { DISPLAY: "" } }), ["sudo"]);
  for (const far of [{ SSH_CONNECTION: "10.0.0.1 1 10.0.0.2 22" }, { WSL_DISTRO_NAME: "Debian" }]) {
    assert.deepEqual(waysToElevate({ ...linux, environment: { DISPLAY: ":10", ...far } }), ["sudo"]);
  }
  assert.deepEqual(waysToElevate({ ...linux, hasSudo: false }), []);
});

test("at a terminal sudo comes first", () => {
  assert.deepEqual(waysToElevate({ ...onDesktop, isInTerminal: true }), ["sudo", "pkexec"]);
  assert.deepEqual(waysToElevate({ ...onDesktop, isInTerminal: true, hasSudo: false }), ["pkexec"]);
  assert.deepEqual(waysToElevate({ ...linux, isInTerminal: true, hasSudo: false }), []);
});

test("macOS has its dialog, Windows its question, and neither over SSH", () => {
  const darwin = { ...linux, platform: "darwin" } as const;
  const ssh = { SSH_TTY: "/dev/ttys001" };
  assert.deepEqual(waysToElevate(darwin), ["osascript", "sudo"]);
  assert.deepEqual(waysToElevate({ ...darwin, isInTerminal: true }), ["sudo"]);
  assert.deepEqual(waysToElevate({ ...darwin, environment: ssh }), ["sudo"]);
  const windows = { ...linux, platform: "win32", hasSudo: false, hasPkexec: false } as const;
  assert.deepEqual(waysToElevate(windows), ["uac"]);
  assert.deepEqual(waysToElevate({ ...windows, isInTerminal: true }), ["uac"]);
  assert.deepEqual(waysToElevate({ ...windows, environment: { SSH_CONNECTION: "::1" } }), []);
});

const ended = (status: number | undefined, changed: Partial<Ended> = {}): Ended => ({
  status,
  output: "",
  errors: "",
  isTimedOut: false,
  ...changed,
});

function codeOf(...[way, end]: [Parameters<typeof readEnd>[0], Ended]): string {
  const result = readEnd(way, end, "Paste this.");
  if (result.ok) return "ok";
  assert.equal(result.error.remedy, "Paste this.");
  return result.error.code;
}

test("what the elevated program says of itself counts, wherever it stands and whatever the status", () => {
  const problem = { code: "hosts-changed", message: "It changed.", remedy: "Look again." };
  for (const output of ["%\n", "Some banner\r%\r", '{"a":1}\n%\n{"ok":"maybe"}\n{"ok":false}\nbye\n']) {
    const good = readEnd("sudo", ended(0, { output: output.replace("%", formatOutcome(ok(undefined))) }), "");
    assert.deepEqual(good, ok(undefined));
    const bad = readEnd(
      "osascript",
      ended(0, { output: output.replace("%", formatOutcome(fail(problem))) }),
      "",
    );
    assert.deepEqual(bad, fail(problem));
  }
});

test("of several outcomes the last one counts, and one that is not whole is none", () => {
  const problem = { code: "hosts-changed", message: "It changed.", remedy: "Look again." };
  const [good, bad] = [formatOutcome(ok(undefined)), formatOutcome(fail(problem))];
  assert.deepEqual(readEnd("sudo", ended(0, { output: `${good}\n${bad}\n` }), ""), fail(problem));
  assert.deepEqual(readEnd("sudo", ended(1, { output: `${bad}\n\n${good}` }), ""), ok(undefined));
  for (const key of ["code", "message", "remedy"]) {
    for (const value of [undefined, 1]) {
      const output = JSON.stringify({ ok: false, error: { ...problem, [key]: value } });
      assert.equal(codeOf("sudo", ended(0, { output })), "elevation-failed", output);
    }
  }
});

test("an end that nobody explains is told with its status and what was written, in one short line", () => {
  const told = (status: number | undefined, errors: string) => {
    const result = readEnd("direct", ended(status, { errors }), "");
    return result.ok ? "ok" : result.error.message;
  };
  assert.equal(told(3, ""), "The step ended with status 3 and did not say why.");
  assert.equal(told(undefined, ""), "The step was ended from outside and did not say why.");
  assert.equal(told(1, " a \n\n b\nc\n"), "The step ended with status 1 and did not say why (a; b; c).");
  assert.ok(told(1, "x".repeat(9_000)).length < 400);
});

test("a status of 0 without a word is no success, but on Windows, which lets no word through", () => {
  assert.equal(codeOf("pkexec", ended(0)), "elevation-failed");
  assert.equal(codeOf("sudo", ended(0, { output: '{"ok":false,"error":{"code":1}}' })), "elevation-failed");
  assert.equal(codeOf("uac", ended(0)), "ok");
});

test("a dialog that was closed, rights that were not given and a desktop without an agent are told apart", () => {
  const noAgent = "Error executing command as another user: No authentication agent found.\n";
  const noBus = "Error getting authority: Error initializing authority: Could not connect: No such file\n";
  const notAuthorized =
    "Error executing command as another user: Not authorized\n\nThis incident has been reported.\n";
  assert.equal(
    codeOf("pkexec", ended(126, { errors: "Error executing command as another user: Request dismissed" })),
    "elevation-declined",
  );
  assert.equal(codeOf("pkexec", ended(127, { errors: notAuthorized })), "elevation-refused");
  assert.equal(codeOf("pkexec", ended(127, { errors: noAgent })), "elevation-no-agent");
  assert.equal(codeOf("pkexec", ended(127, { errors: noBus })), "elevation-no-agent");
  assert.equal(codeOf("sudo", ended(1)), "elevation-refused");
  assert.equal(codeOf("sudo", ended(undefined)), "elevation-declined");
  assert.equal(
    codeOf("osascript", ended(1, { errors: "0:99: execution error: User canceled. (-128)" })),
    "elevation-declined",
  );
  assert.equal(
    codeOf("osascript", ended(1, { errors: "execution error: No user interaction allowed. (-1713)" })),
    "elevation-no-agent",
  );
  assert.equal(
    codeOf(
      "osascript",
      ended(1, { errors: "The administrator user name or password was incorrect. (-60007)" }),
    ),
    "elevation-refused",
  );
  assert.equal(codeOf("uac", ended(126)), "elevation-declined");
  assert.equal(codeOf("uac", ended(1)), "elevation-failed");
});

test("a program that root cannot reach is told by its path, a long wait by its name", () => {
  const errors = "/usr/bin/env: '/tmp/.mount_code/node': Permission denied\n";
  const unreadable = readEnd("pkexec", ended(126, { errors }), "Paste this.");
  assert.ok(!unreadable.ok);
  assert.equal(unreadable.error.code, "elevation-not-readable");
  assert.match(unreadable.error.message, /\.mount_code/);
  assert.equal(codeOf("pkexec", ended(undefined, { isTimedOut: true })), "elevation-timed-out");
  assert.equal(codeOf("pkexec", ended(undefined)), "elevation-failed");
});
