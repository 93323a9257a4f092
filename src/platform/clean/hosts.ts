/** Oneport's lines in the hosts file, taken out; and what a writer that was killed has left beside it. */
import * as fileSystem from "node:fs/promises";
import { dirname } from "node:path";
import { shellLine } from "../../core/command.ts";
import { shortReason } from "../../core/errors.ts";
import { hostsMarkers } from "../../core/hosts-block.ts";
import { editHosts } from "../../core/hosts-edit.ts";
import { hostsStep } from "../elevate.ts";
import { editHostsFile, readHostsFile } from "../hosts-file.ts";
import { filesBeside } from "../hosts-lock.ts";
import { realHostsFile, systemHostsFile } from "../hosts-path.ts";
import { type CleanContext, elevated, type Leftover, type Removal } from "./leftover.ts";

/** None where the file has no block; a damaged one is left over, for nobody but the user can tell what is ours. */
export async function findHostsBlock(context: CleanContext): Promise<readonly Leftover[]> {
  const { platform, environment } = context.machine;
  const place = systemHostsFile(platform, environment);
  const file = await readHostsFile(place);
  if (!file.ok && file.error.code === "hosts-missing") return [];
  const edit = file.ok ? editHosts(file.value, []) : file;
  if (file.ok && edit.ok && edit.value.bytes.equals(file.value)) {
    return findBeside(await realHostsFile(place));
  }
  return [{ what: "Oneport's lines in the hosts file", place, remove }];

  async function remove() {
    const edited = await editHostsFile(place, (bytes) => editHosts(bytes, []));
    if (edited.ok) return { how: "removed" } as const;
    if (edited.error.code !== "hosts-not-writable" || !file.ok) {
      return { how: "failed", problem: edited.error } as const;
    }
    return elevated(context, hostsStep(file.value, [], []), [byHand(place, platform)]);
  }
}

/** Only where there is no block: whoever takes one out takes these away as well. */
async function findBeside(hostsFile: string): Promise<readonly Leftover[]> {
  const files = await filesBeside(hostsFile, fileSystem);
  const remove = async (): Promise<Removal> => {
    try {
      for (const file of files) await fileSystem.rm(file, { force: true });
      return { how: "removed" };
    } catch (error) {
      const message = `It cannot be deleted (${shortReason(error)}).`;
      const remedy = `As an administrator, delete ${files.join(" and ")}.`;
      return { how: "failed", problem: { code: "hosts-not-writable", message, remedy } };
    }
  };
  const what = "What a write to the hosts file that was cut short left beside it";
  return files.length > 0 ? [{ what, place: dirname(hostsFile), remove }] : [];
}

function byHand(place: string, platform: NodeJS.Platform): string {
  if (platform === "win32") {
    return `As an administrator, open ${place} in an editor and delete the lines from "${hostsMarkers.begin}" to "${hostsMarkers.end}".`;
  }
  // Written in place: a hosts file that is mounted, as in a container, cannot be replaced. The copy stays if that fails.
  const edit = `t=$(mktemp) && sed "/^# BEGIN Oneport (/,/^# END Oneport/d" "$0" >"$t" && cat "$t" >"$0" && rm "$t"`;
  return shellLine([{ program: "sh", arguments: ["-c", edit, place] }], "sudo ");
}
