/** Which ports programs of this machine listen on, read from the lists that the systems give out. */
import { addressText } from "./address-bytes.ts";
import { canonicalAddress } from "./domain.ts";
import { isLoopbackAddress } from "./loopback.ts";
import { isPort } from "./parse-target.ts";

export interface ListeningProcess {
  readonly pid: number;
  /** What a person would call it: `postgres`, or `vite` rather than `node`. Printable. */
  readonly name: string;
  /** Its working directory. */
  readonly folder?: string;
}

/** One listening socket. `address` is an IP literal without brackets; `process` is absent when the system hides it from this user. */
export interface ListeningSocket {
  readonly address: string;
  readonly port: number;
  readonly process?: ListeningProcess;
}

/** A port that can be reached over loopback. */
export interface Listening {
  readonly port: number;
  /** As the system has them, such as `127.0.0.1` or `::`; those that `localhost` tries first come first. */
  readonly addresses: readonly string[];
  /** The process at the first of these addresses that tells one. */
  readonly process?: ListeningProcess;
}

/** What connections to any address reach, and the loopback address to dial in its place. */
const wildcards: ReadonlyMap<string, string> = new Map([
  ["0.0.0.0", "127.0.0.1"],
  ["::", "::1"],
]);

export function isWildcard(address: string): boolean {
  return wildcards.has(address);
}

function isReachable(address: string): boolean {
  return isWildcard(address) || isLoopbackAddress(address);
}

/** Routes' targets on `localhost` try these, in this order. */
const localhost = ["127.0.0.1", "::1"] as const;

/** The loopback address at which a service is reached; `isLocalhost`: a target on `localhost` gets there as well. */
export function whereToDial(service: Listening): { readonly address: string; readonly isLocalhost: boolean } {
  const reached = service.addresses.map((address) => wildcards.get(address) ?? address);
  const usual = localhost.find((address) => reached.includes(address));
  return { address: usual ?? reached[0] ?? localhost[0], isLocalhost: usual !== undefined };
}

/** One entry for each port that is reachable over loopback, by rising port. */
export function joinByPort(sockets: readonly ListeningSocket[]): readonly Listening[] {
  const reachable = sockets.filter(({ address }) => isReachable(address));
  const byPort = Map.groupBy(reachable, ({ port }) => port);
  return Array.from(byPort, ([port, group]) => {
    const sorted = group.toSorted((a, b) => preference(a.address) - preference(b.address));
    const process = sorted.find((socket) => socket.process)?.process;
    const addresses = [...new Set(sorted.map(({ address }) => address))];
    return { port, addresses, ...(process && { process }) };
  }).sort((a, b) => a.port - b.port);
}

function preference(address: string): number {
  const rank = ["127.0.0.1", "0.0.0.0", "::1", "::"].indexOf(address);
  return rank < 0 ? 4 : rank;
}

export interface ProcSocket {
  readonly address: string;
  readonly port: number;
  readonly inode: string;
  readonly uid: number;
}

/** `sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode`; the state 0A is LISTEN. */
const procLine =
  /^\s*\d+: ([\dA-F]{8}|[\dA-F]{32}):([\dA-F]{4}) \S+ 0A \S+ \S+ \S+\s+(\d+)\s+\d+\s+(\d+)(?:\s|$)/i;

/** The LISTEN lines of Linux's /proc/net/tcp or tcp6 (proc_pid_net(5)); what is not such a line is passed over. */
export function parseProcNetTcp(text: string): readonly ProcSocket[] {
  // Of thousands of connections few listen.
  const lines = text.split("\n").filter((line) => line.includes(" 0A "));
  return lines.flatMap((line) => {
    const [, words, hexPort = "", uid = "", inode = ""] = procLine.exec(line) ?? [];
    const port = Number.parseInt(hexPort, 16);
    if (words === undefined || !isPort(port)) return [];
    // Each word of 32 bits is printed as a number of a little-endian machine.
    const address = addressText(Buffer.from(words, "hex").swap32());
    return [{ address, port, inode, uid: Number(uid) }];
  });
}

/** A listening socket, and the process that the same list names. */
interface NamedSocket {
  readonly address: string;
  readonly port: number;
  readonly pid: number;
  /** Absent where the list has none. */
  readonly name?: string;
}

/**
 * `lsof -nP +c0 -iTCP -sTCP:LISTEN -Fpctn` of macOS and Linux: one field a line, its letter first; `p` begins a process, `f`
 * a file of it (lsof(8), "OUTPUT FOR OTHER PROGRAMS").
 */
export function parseLsofSockets(text: string): readonly NamedSocket[] {
  let process = { pid: 0, name: "" };
  let type = "";
  return text.split("\n").flatMap((line) => {
    const value = unescaped(line.slice(1));
    switch (line[0]) {
      case "p":
        process = { pid: Number(value), name: "" };
        return [];
      case "c":
        process.name = value;
        return [];
      case "t":
        type = value;
        return [];
      case "n": {
        const place = addressAndPort(value.replace(/^\*(?=:)/, type === "IPv6" ? "[::]" : "0.0.0.0"));
        return place && isPid(process.pid) ? [{ ...place, ...process }] : [];
      }
      default:
        return [];
    }
  });
}

/** `lsof -a -d cwd -p PIDS -Fpn`: the working directory of each process. */
export function parseLsofFolders(text: string): ReadonlyMap<number, string> {
  const folders = new Map<number, string>();
  let pid = 0;
  for (const line of text.split("\n")) {
    const value = line.slice(1);
    if (line[0] === "p") pid = Number(value);
    else if (line[0] === "n" && isPid(pid)) folders.set(pid, unescaped(value));
  }
  return folders;
}

/** lsof writes bytes that it takes for unprintable, the space of a command among them, as `\xNN`. */
function unescaped(text: string): string {
  return text.replace(/(?:\\x[\da-f]{2})+/gi, (run) =>
    Buffer.from(run.replaceAll(/\\x/gi, ""), "hex").toString("utf8"),
  );
}

/** `ps -ww -o pid=,args=`: the command line of each process, its words joined by spaces. */
export function parsePs(text: string): ReadonlyMap<number, string> {
  const found = text.matchAll(/^\s*(\d+) (.*)$/gm);
  return new Map(Array.from(found, ([, pid, line]) => [Number(pid), line ?? ""]));
}

/** The state is a word of the user's language, so a listener is known by the remote address that it does not have. */
const netstatLine = /^\s*TCP\s+(\S+)\s+(?:0\.0\.0\.0|\[::\]):0\s+\S.*?\s(\d+)\s*$/i;

/** `netstat -ano` of Windows. */
export function parseNetstat(text: string): readonly NamedSocket[] {
  return text.split("\n").flatMap((line) => {
    const [, local = "", pid = ""] = netstatLine.exec(line) ?? [];
    const place = addressAndPort(local);
    return place && isPid(Number(pid)) ? [{ ...place, pid: Number(pid) }] : [];
  });
}

/** `tasklist /FO CSV /NH` of Windows: the image name of each process, such as `node.exe`. */
export function parseTasklist(text: string): ReadonlyMap<number, string> {
  const found = text.matchAll(/^"([^"]+)","(\d+)"/gm);
  return new Map(Array.from(found, ([, name, pid]) => [Number(pid), name ?? ""]));
}

function addressAndPort(text: string): { readonly address: string; readonly port: number } | undefined {
  const [, inBrackets, plain = "", digits] = /^(?:\[([^\]]+)\]|([\d.]+)):(\d+)$/.exec(text) ?? [];
  const address = canonicalAddress(inBrackets ?? plain);
  const port = Number(digits);
  return address !== undefined && isPort(port) ? { address, port } : undefined;
}

function isPid(pid: number): boolean {
  return Number.isSafeInteger(pid) && pid > 0;
}
