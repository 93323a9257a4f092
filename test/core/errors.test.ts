/** What was thrown, as it is told. */
import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { test } from "node:test";
import { messageOf, OneportError, problemOf, systemCode } from "../../src/core/errors.ts";

test("what nobody expected is told as a sentence, with another one for what to do", () => {
  for (const [thrown, message] of [
    [new TypeError("x is not a function"), "x is not a function."],
    [new Error("It broke."), "It broke."],
    [new Error("a.ts is not there"), "a.ts is not there."],
    ["gone", "gone."],
  ]) {
    const told = problemOf(thrown);
    assert.deepEqual(told, { code: "unexpected", message, remedy: "Please report this with the log." });
  }
});

test("a code of the system is one only where an error carries it as text", () => {
  assert.equal(systemCode(Object.assign(new Error("refused"), { code: "ECONNREFUSED" })), "ECONNREFUSED");
  for (const thrown of [new Error("x"), Object.assign(new Error("x"), { code: 1 }), { code: "EIO" }, null]) {
    assert.equal(systemCode(thrown), undefined);
  }
});

test("of an error of OpenSSL the reason is told, not the line of its queue", () => {
  assert.throws(
    () => createPrivateKey("no key"),
    (error) => {
      assert.match(String(error), /routines:|DECODER/);
      assert.doesNotMatch(messageOf(error), /:/);
      return true;
    },
  );
});

test("a problem of ours is told as it is", () => {
  const problem = { code: "port-taken", message: "Port 443 is taken", remedy: "Take another." };
  assert.equal(problemOf(new OneportError(problem)), problem);
});

test("the want of descriptors is told as that, whatever failed for it", () => {
  const open = Object.assign(new Error("EMFILE: too many open files, open 'x'"), { code: "EMFILE" });
  const problem = {
    code: "state-not-writable",
    message: "x cannot be written.",
    remedy: "Make it writable.",
  };
  const worker = Object.assign(new Error("Worker initialization failure: EMFILE"), {
    code: "ERR_WORKER_INIT_FAILED",
  });
  for (const thrown of [open, worker, new OneportError(problem, { cause: open })]) {
    const { code, remedy } = problemOf(thrown);
    assert.equal(code, "out-of-descriptors");
    assert.match(remedy, /ulimit -n/);
  }
});
