/** What has to be run, on each way to more rights, for the elevated program to do one step. */
import { type Command, shellLine } from "./command.ts";
import type { ElevatedStep } from "./elevated-step.ts";
import type { ThroughProgram } from "./elevation.ts";

/** The elevated program on this machine, and the one argument it is given. */
export interface Launch {
  /** What runs it, as whole paths: Node, or an editor's Electron that can be Node. */
  readonly node: string;
  readonly isElectron: boolean;
  readonly entry: string;
  readonly argument: string;
}

const safePath = "/usr/sbin:/usr/bin:/sbin:/bin";

/** Nothing of the user's environment comes along: in it Node, and the programs of the system, look for what to load. */
export function plainCommand({ node, isElectron, entry, argument }: Launch): Command {
  const electron = isElectron ? ["ELECTRON_RUN_AS_NODE=1"] : [];
  const environment = ["-i", `PATH=${safePath}`, "LC_ALL=C", ...electron];
  return { program: "/usr/bin/env", arguments: [...environment, node, entry, argument] };
}

/** `program` is sudo's or pkexec's. */
export function throughProgram(program: string, way: ThroughProgram, launch: Launch): Command {
  // An agent of pkexec's own would ask on a terminal that nobody looks at.
  const options = way === "pkexec" ? ["--disable-internal-agent"] : ["--"];
  const { program: env, arguments: list } = plainCommand(launch);
  return { program, arguments: [...options, env, ...list] };
}

/** As one fixed script: the shell that opens `resultFile` has no more rights than its user. */
export function inTerminal(sudo: Command, intent: string, resultFile: string): Command {
  const script = 'printf "%s\\n\\n" "$1"; result=$2; shift 2; exec "$@" >"$result"';
  const list = ["-c", script, "sh", intent, resultFile, sudo.program, ...sudo.arguments];
  return { program: "/bin/sh", arguments: list };
}

/** AppleScript gives back no output of a program that failed, hence the `|| :`. Written to Apple's TN2065. */
export function throughOsascript(launch: Launch, intent: string): Command {
  const script = [
    "on run argv",
    "do shell script (item 1 of argv) with prompt (item 2 of argv) with administrator privileges",
    "end run",
  ];
  const line = `${shellLine([plainCommand(launch)])} || :`;
  const lines = script.flatMap((each) => ["-e", each]);
  return { program: "/usr/bin/osascript", arguments: [...lines, line, intent] };
}

/** Characters. Windows takes 32,767 for a command with all its arguments. */
const mostForWindows = 32_000;

/**
 * PowerShell has Windows start another one elevated; that one starts the program. The elevated one does not get our environment, so
 * its script brings what Electron needs. Undefined when that is too long for Windows. Written to Microsoft's documentation.
 */
export function throughUac(launch: Launch, systemRoot = "C:\\Windows"): Command | undefined {
  const shell = `${systemRoot}\\System32\\WindowsPowerShell\\v1.0\\powershell.exe`;
  const inner = Buffer.from(`${powerShellLine(launch)} | Out-Null; exit $LASTEXITCODE`, "utf16le");
  const options = `-NoProfile -NonInteractive -EncodedCommand ${inner.toString("base64")}`;
  const outer = `try {
  $start = New-Object System.Diagnostics.ProcessStartInfo ${powerShellQuoted(shell)}, '${options}'
  $start.UseShellExecute = $true
  $start.Verb = 'runas'
  $start.WindowStyle = 'Hidden'
  $process = [System.Diagnostics.Process]::Start($start)
  $process.WaitForExit()
  exit $process.ExitCode
} catch {
  if ($_.Exception.GetBaseException().NativeErrorCode -eq 1223) { exit 126 }
  [Console]::Error.WriteLine($_)
  exit 127
}`;
  if (outer.length > mostForWindows) return undefined;
  const list = ["-NoProfile", "-NonInteractive", "-Command", outer];
  return { program: shell, arguments: list };
}

/** The line to paste into a terminal; on Windows into one that was opened as administrator. */
export function pasteLine(platform: NodeJS.Platform, launch: Launch): string {
  return platform === "win32" ? powerShellLine(launch) : `sudo ${shellLine([plainCommand(launch)])}`;
}

function powerShellLine({ node, isElectron, entry, argument }: Launch): string {
  const electron = isElectron ? "$env:ELECTRON_RUN_AS_NODE = '1'; " : "";
  const words = [node, entry, argument].map(powerShellQuoted).join(" ");
  return `$env:NODE_OPTIONS = $null; ${electron}& ${words}`;
}

/** PowerShell takes the typographic ones for single quotes as well. */
function powerShellQuoted(text: string): string {
  return `'${text.replace(/['\u2018-\u201b]/g, "$&$&")}'`;
}

/** What the step is for, in the words of a dialog. */
export const intents: { readonly [Do in ElevatedStep["do"]]: string } = {
  hosts: "Oneport wants to change its block in the hosts file.",
  trust: "Oneport wants to add its certificate authority to those that this system trusts.",
  untrust: "Oneport wants to remove its certificate authority from those that this system trusts.",
  "allow-443": "Oneport wants to let every user of this system listen on port 443.",
  "restore-443": "Oneport wants to take back that every user of this system may listen on port 443.",
};
