/** What is to become of the hosts file: the lines that this window's routes lack, the ones that nobody needs, or none at all. */
import { l10n, window } from "vscode";
import { fail, ok, type Problem, type Result } from "../core/errors.ts";
import { type HostsEntry, hostsEntries, namesToConsentTo } from "../core/hosts-block.ts";
import { editHosts, type HostsEdit, readHostsBlock } from "../core/hosts-edit.ts";
import { planHosts } from "../core/hosts-plan.ts";
import type { Route } from "../core/route.ts";
import { readHostsFile } from "../platform/hosts-file.ts";
import { lookUpElsewhere } from "../platform/hosts-lookup.ts";
import { systemHostsFile } from "../platform/hosts-path.ts";
import type { MachineChange } from "./machine-change.ts";

/** Writes these entries into the system's hosts file, with the rights it takes; `seen` is the file that was shown to the user. */
export type WriteHosts = (entries: readonly HostsEntry[], seen: Buffer) => Promise<Result<void>>;

interface Present {
  readonly file: Buffer;
  readonly block: readonly HostsEntry[];
}

/**
 * Adds what the routes need. When nothing is missing it takes out what nobody needs. Undefined when there is nothing to do at
 * all. Asks first about each name that can be somebody's on the Internet.
 */
export async function planHostsUpdate(
  routes: readonly Route[],
  write: WriteHosts,
): Promise<Result<MachineChange | undefined>> {
  const present = await readPresent();
  if (!present.ok) return present;
  const { file, block } = present.value;
  const wanted = await withoutRefused(hostsEntries(routes), block);
  const { entries, unused } = planHosts(block, wanted);
  const adding = editHosts(file, entries);
  if (!adding.ok) return adding;
  if (isChange(adding.value)) return ok(change(file, entries, wanted, adding.value, write));
  if (unused.length === 0) return ok(undefined);
  const tidying = editHosts(file, wanted);
  return tidying.ok ? ok(change(file, wanted, wanted, tidying.value, write)) : tidying;
}

/** Undefined when there are no lines of ours. */
export async function planHostsRemoval(write: WriteHosts): Promise<Result<MachineChange | undefined>> {
  const present = await readPresent();
  if (!present.ok) return present;
  const edit = editHosts(present.value.file, []);
  if (!edit.ok) return edit;
  return ok(isChange(edit.value) ? change(present.value.file, [], [], edit.value, write) : undefined);
}

function change(
  file: Buffer,
  entries: readonly HostsEntry[],
  wanted: readonly HostsEntry[],
  edit: HostsEdit,
  write: WriteHosts,
): MachineChange {
  return {
    question: l10n.t("Change {0} like this?", hostsFile()),
    detail: shownDifference(edit),
    action: edit.added.length > 0 ? l10n.t("Write") : l10n.t("Remove"),
    carryOut: async () => {
      const written = await write(entries, file);
      if (!written.ok) return [written.error];
      return [...edit.warnings, ...(await lookUpElsewhere(wanted)).values()];
    },
  };
}

function hostsFile(): string {
  return systemHostsFile(process.platform, process.env);
}

async function readPresent(): Promise<Result<Present>> {
  const file = await readHostsFile(hostsFile());
  if (!file.ok) return file;
  const block = readHostsBlock(file.value);
  return block.ok ? ok({ file: file.value, block: block.value }) : fail(block.error);
}

/** Each such name needs an answer of its own; what the block holds was agreed to before. */
async function withoutRefused(
  wanted: readonly HostsEntry[],
  block: readonly HostsEntry[],
): Promise<readonly HostsEntry[]> {
  const agreed = new Set(block.map(({ name }) => name));
  const doubtful = namesToConsentTo(wanted).filter((name) => !agreed.has(name));
  if (doubtful.length === 0) return wanted;
  const chosen = await window.showQuickPick(
    doubtful.map((label) => ({ label, description: l10n.t("can be somebody's on the Internet") })),
    {
      canPickMany: true,
      title: l10n.t("Names that are not yours alone"),
      placeHolder: l10n.t("Which of these should lead to Oneport? None does unless you choose it."),
    },
  );
  const taken = new Set(chosen?.map(({ label }) => label));
  return wanted.filter(({ name }) => !doubtful.includes(name) || taken.has(name));
}

function isChange({ removed, added }: HostsEdit): boolean {
  return removed.length + added.length > 0;
}

/** Every line: what is agreed to is the whole of it. */
function shownDifference({ removed, added }: HostsEdit): string {
  return [...removed.map((line) => `− ${line}`), ...added.map((line) => `+ ${line}`)].join("\n");
}

/** The names that do not lead where the routes need them, and why. */
export function namesElsewhere(routes: readonly Route[]): Promise<ReadonlyMap<string, Problem>> {
  return lookUpElsewhere(hostsEntries(routes));
}
