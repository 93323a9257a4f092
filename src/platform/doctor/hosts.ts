/** The hosts file: whether Oneport's block is whole, and holds what the routes need. */
import { type Finding, wrong } from "../../core/diagnosis.ts";
import type { HostsEntry } from "../../core/hosts-block.ts";
import { editHosts, readHostsBlock } from "../../core/hosts-edit.ts";
import { readHostsFile } from "../hosts-file.ts";
import { systemHostsFile } from "../hosts-path.ts";
import type { Machine } from "../machine.ts";

/** `entries` are those that all routes need. */
export async function checkHosts(
  entries: readonly HostsEntry[],
  { platform, environment }: Machine,
): Promise<readonly Finding[]> {
  const subject = systemHostsFile(platform, environment);
  const file = await readHostsFile(subject);
  const block = file.ok ? readHostsBlock(file.value) : file;
  const edited = file.ok ? editHosts(file.value, entries) : file;
  if (!block.ok) return [wrong("hosts", block.error, subject)];
  if (!edited.ok) return [wrong("hosts", edited.error, subject)];
  const conflicts = edited.value.warnings.map((problem) => wrong("hosts", problem, subject));
  return [{ check: "hosts", subject, ...compared(block.value, entries) }, ...conflicts];
}

/** One block serves all folders: lines that these routes do not need may be another folder's. */
function compared(present: readonly HostsEntry[], wanted: readonly HostsEntry[]) {
  const namesMissingFrom = (some: readonly HostsEntry[], others: readonly HostsEntry[]) => {
    const known = new Set(others.map(({ address, name }) => `${address} ${name}`));
    const missing = some.filter(({ address, name }) => !known.has(`${address} ${name}`));
    return [...new Set(missing.map(({ name }) => name))].join(", ");
  };
  const missing = namesMissingFrom(wanted, present);
  const surplus = namesMissingFrom(present, wanted);
  const apply = 'Run "oneport hosts apply".';
  if (missing !== "") {
    return { state: "wrong", message: `Oneport's block lacks lines for ${missing}.`, remedy: apply } as const;
  }
  if (surplus !== "") {
    const message = `Oneport's block has lines that these routes do not need, for ${surplus}.`;
    return { state: "note", message, remedy: `If no other folder's routes need them: ${apply}` } as const;
  }
  const message =
    wanted.length === 0 ? "No route needs a line in it." : "Oneport's block holds what the routes need.";
  return { state: "ok", message } as const;
}
