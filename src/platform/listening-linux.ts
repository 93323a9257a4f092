/** Linux: the kernel's list of sockets, and for each the process that has it open. */
import { readdirSync, readlinkSync } from "node:fs";
import { readFile, readlink } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { fail, ok, type Problem, type Result, shortReason, systemCode } from "../core/errors.ts";
import {
  type ListeningProcess,
  type ListeningSocket,
  type ProcSocket,
  parseProcNetTcp,
} from "../core/listening-ports.ts";
import { programName } from "../core/program-name.ts";

/** Only processes that this user may look into are named: the user's own, and all of them for root. */
export async function linuxSockets(port?: number): Promise<Result<readonly ListeningSocket[]>> {
  const tables = await Promise.all([readTable("/proc/net/tcp"), readTable("/proc/net/tcp6")]);
  const found: ProcSocket[] = [];
  for (const table of tables) {
    if (!table.ok) return table;
    found.push(...table.value.filter((socket) => port === undefined || socket.port === port));
  }
  const user = process.geteuid?.();
  const ownInodes = found.filter(({ uid }) => user === 0 || uid === user).map(({ inode }) => inode);
  const pids = await findOwners(new Set(ownInodes));
  const processes = new Map<number, ListeningProcess>();
  for (const pid of new Set(pids.values())) processes.set(pid, await describe(pid));
  return ok(
    found.map(({ address, port, inode }) => {
      const owner = processes.get(pids.get(inode) ?? 0);
      return { address, port, ...(owner && { process: owner }) };
    }),
  );
}

/** A system without IPv6 has no list for it. */
async function readTable(file: string): Promise<Result<readonly ProcSocket[]>> {
  try {
    return ok(parseProcNetTcp(await readFile(file, "utf8")));
  } catch (error) {
    if (file.endsWith("6") && systemCode(error) === "ENOENT") return ok([]);
    return fail(unreadable(file, error));
  }
}

function unreadable(file: string, error: unknown): Problem {
  const reason = shortReason(error);
  return {
    code: "ports-unknown",
    message: `Which programs listen on ports cannot be read from ${file} (${reason}).`,
    remedy: "Check that /proc is mounted, or write the route's target by hand.",
  };
}

/** Others on this thread wait no longer than this at a time. */
const sliceMilliseconds = 2;

/**
 * For each inode of a socket, the process with the lowest id that has it open: of a server and its workers, the server.
 * Looks synchronously, a few processes at a time: through promises the thousands of small look-ups cost three times as much.
 */
async function findOwners(inodes: Set<string>): Promise<ReadonlyMap<string, number>> {
  const owners = new Map<string, number>();
  let pauseAt = performance.now() + sliceMilliseconds;
  for (const pid of inodes.size > 0 ? runningPids() : []) {
    if (performance.now() >= pauseAt) {
      await setImmediate();
      pauseAt = performance.now() + sliceMilliseconds;
    }
    for (const inode of socketsOf(pid)) {
      if (inodes.delete(inode)) owners.set(inode, pid);
    }
    if (inodes.size === 0) break;
  }
  return owners;
}

function runningPids(): readonly number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).sort((a, b) => a - b);
}

/** The inodes of a process's sockets. */
function* socketsOf(pid: number): Generator<string> {
  for (const descriptor of readOrNothing(() => readdirSync(`/proc/${pid}/fd`)) ?? []) {
    const link = readOrNothing(() => readlinkSync(`/proc/${pid}/fd/${descriptor}`));
    const [, inode] = /^socket:\[(\d+)\]$/.exec(link ?? "") ?? [];
    if (inode !== undefined) yield inode;
  }
}

/** Processes of others refuse (EACCES), and any may have ended a moment ago (ENOENT, ESRCH): there is nothing to see then. */
function readOrNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

async function describe(pid: number): Promise<ListeningProcess> {
  const nothing = () => undefined;
  const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(nothing);
  const command = await readFile(`/proc/${pid}/comm`, "utf8").catch(nothing);
  const folder = await readlink(`/proc/${pid}/cwd`).catch(nothing);
  const name = programName(commandLine?.split("\0").filter((word) => word !== "") ?? []);
  // The kernel adds this to the path of a folder that is gone.
  const isThere = folder !== undefined && !folder.endsWith(" (deleted)");
  return { pid, name: name || command?.trim() || "a process", ...(isThere && { folder }) };
}
