/** Port 443 on this machine: may this user listen there, and the setting of Linux that lets every user do so. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fail, ok, type Problem, type Result, shortReason, systemCode } from "../core/errors.ts";
import { httpsPort } from "../core/https-port.ts";
import {
  earlierStart,
  formatPortFile,
  mayBindAnyPort,
  parseExcludedRanges,
  parsePortStart,
  portSetting,
} from "../core/low-port.ts";
import { type Port443Plan, type PortFacts, planFor, portFiles } from "../core/port-443.ts";
import { type Machine, windowsProgram } from "./machine.ts";

const settingFile = `/proc/sys/${portSetting.replaceAll(".", "/")}`;

/** Opens no socket. `holder` is who listens on 443 already, in words; nobody if undefined. */
export async function planPort443(machine: Machine, holder?: string): Promise<Port443Plan> {
  return planFor({ holder, ...(await factsOf(machine)) });
}

type SystemFacts = PortFacts extends infer F ? (F extends PortFacts ? Omit<F, "holder"> : never) : never;

async function factsOf(machine: Machine): Promise<SystemFacts> {
  const { platform, runner } = machine;
  switch (platform) {
    case "linux": {
      const mayBindAny = mayBindAnyPort((await readIfThere("/proc/self/status")) ?? "");
      return { system: "linux", start: await readStart(), mayBindAny };
    }
    case "win32": {
      const program = windowsProgram("netsh.exe", machine);
      const list = ["int", "ipv4", "show", "excludedportrange", "protocol=tcp"];
      const answer = await runner.run({ program, arguments: list });
      return { system: "windows", excluded: answer.ok ? parseExcludedRanges(answer.value) : [] };
    }
    default:
      return { system: platform === "darwin" ? "macos" : "other" };
  }
}

/** What Oneport changed of this system's setting. */
export interface PortChange {
  /** Where it is written down, the earlier value with it. */
  readonly file: string;
  readonly earlier: number;
}

/** Undefined when there is nothing to take back. */
export async function findPortChange(): Promise<PortChange | undefined> {
  for (const file of Object.values(portFiles)) {
    const content = await readIfThere(file);
    if (content !== undefined) return { file, earlier: earlierStart(content) };
  }
  return undefined;
}

/** For root: lets every user listen on 443 from now on, and after a restart if `persist` says so. Does nothing where they may already. */
export async function allowPort443(persist: boolean): Promise<Result<void>> {
  const start = await readStart();
  if (start === undefined) return fail(noSetting);
  const change = await findPortChange();
  if (start <= httpsPort && !change) return ok(undefined);
  const file = persist ? portFiles.kept : (change?.file ?? portFiles.untilRestart);
  try {
    // First: whoever takes the change back needs the earlier value.
    await writeForAll(file, formatPortFile(change?.earlier ?? start));
    if (start > httpsPort) await writeFile(settingFile, `${httpsPort}\n`);
    if (persist) await rm(portFiles.untilRestart, { force: true });
    return ok(undefined);
  } catch (error) {
    if (!change) await rm(file, { force: true });
    return fail(notChanged(error));
  }
}

/** For root: gives the setting its earlier value, unless somebody else has changed it since. */
export async function restorePort443(): Promise<Result<void>> {
  const change = await findPortChange();
  if (!change) return ok(undefined);
  try {
    if ((await readStart()) === httpsPort) await writeFile(settingFile, `${change.earlier}\n`);
    for (const file of Object.values(portFiles)) await rm(file, { force: true });
    return ok(undefined);
  } catch (error) {
    return fail(notChanged(error));
  }
}

async function readStart(): Promise<number | undefined> {
  const text = await readIfThere(settingFile);
  return text === undefined ? undefined : parsePortStart(text);
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** In a folder of root's; a link in its place is not followed. */
async function writeForAll(file: string, content: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o755 });
  await rm(file, { force: true });
  await writeFile(file, content, { flag: "wx", mode: 0o644 });
}

const noSetting: Problem = {
  code: "port-no-setting",
  message: `This system has no ${portSetting}.`,
  remedy: 'Choose a port above 1023 in "oneport.port".',
};

function notChanged(error: unknown): Problem {
  const code = shortReason(error);
  return {
    code: "port-not-changed",
    message: `${portSetting} could not be changed (${code}).`,
    remedy:
      code === "EROFS"
        ? "In a container, start it with that setting, or choose a port above 1023."
        : 'See whether an administrator can, or choose a port above 1023 in "oneport.port".',
  };
}
