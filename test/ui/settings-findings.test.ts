/** What "Diagnose" tells of settings that do not act. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { routeFacts } from "../../src/ui/route-facts.ts";
import { settingsFindings } from "../../src/ui/settings-findings.ts";
import { machine, running, workspace, written } from "./written.ts";

test("routes that are good and do not act are wrong, and so is a file that cannot be read; what is meant so is not told", () => {
  const routes = [
    ...written({ "up.localhost": 3000, "off.localhost": { to: 3000, enabled: false } }),
    ...written({ "theirs.localhost": 3000 }, workspace, { is: "untrusted" }),
    ...written({ "both.localhost": 3000 }, workspace, { is: "conflict", with: "file:///one" }),
    ...written({ "mine.localhost": 3000 }, workspace, { is: "replaced", by: "file:///one" }),
  ];
  const findings = settingsFindings(
    ["/shop/.vscode/settings.json"],
    routeFacts(routes, running(routes), machine),
  );
  assert.deepEqual(
    findings.map(({ subject, state, message }) => [subject, state, message]),
    [
      [
        "/shop/.vscode/settings.json",
        "wrong",
        "It is no JSON just now, so the routes that it had before are in use.",
      ],
      ["theirs.localhost", "wrong", "Its route does not act, because this window is in Restricted Mode."],
      [
        "both.localhost",
        "wrong",
        "A route of this window does not act, because file:///one has another target for it.",
      ],
    ],
  );
});
