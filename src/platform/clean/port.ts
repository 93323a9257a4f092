/** The system's setting that lets every user listen on 443, given its earlier value. */
import { shellLine } from "../../core/command.ts";
import { portSetting } from "../../core/low-port.ts";
import { findPortChange, restorePort443 } from "../low-port.ts";
import { type CleanContext, elevated, type Leftover, type Removal } from "./leftover.ts";

/** None where Oneport has not changed it. */
export async function findPortSetting(context: CleanContext): Promise<readonly Leftover[]> {
  const change = await findPortChange();
  if (!change) return [];
  const { file, earlier } = change;
  const commands = [
    { program: "rm", arguments: ["-f", "--", file] },
    { program: "sysctl", arguments: ["-w", `${portSetting}=${earlier}`] },
  ];
  const remove = async (): Promise<Removal> => {
    if (!context.machine.isElevated) {
      return elevated(context, { do: "restore-443" }, [shellLine(commands, "sudo ")]);
    }
    const restored = await restorePort443();
    return restored.ok ? { how: "removed" } : { how: "failed", problem: restored.error };
  };
  return [{ what: "The setting that lets every user listen on port 443", place: file, remove }];
}
