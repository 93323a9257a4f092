/** The page of what "Diagnose" found. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../../src/core/diagnosis.ts";
import { findingsText } from "../../src/ui/findings-text.ts";
import { l10n } from "./written.ts";

const wrong: Finding = {
  check: "hosts",
  subject: "shop.test",
  state: "wrong",
  message: "It has no line.",
  remedy: 'Run "oneport hosts apply".',
};

test("the heading counts what is wrong, one in other words than many", () => {
  const heading = (...findings: Finding[]) => findingsText(findings, l10n).split("\n")[0];
  assert.equal(heading({ check: "hosts", state: "ok", message: "It is there." }), "# Oneport: All is well.");
  assert.equal(heading(wrong), "# Oneport: 1 thing is wrong.");
  assert.equal(heading(wrong, wrong), "# Oneport: 2 things are wrong.");
});

test("a finding names the command of the palette that helps", () => {
  const [, , line] = findingsText([wrong], l10n).split("\n");
  assert.equal(line, '- ✗ shop.test: It has no line. Run "Oneport: Update Hosts File…".');
});
