/** Whether port 443 is to be had on a system, and the least that would have to change there, in words and commands. */
import type { ElevatedStep } from "./elevated-step.ts";
import { httpsPort } from "./https-port.ts";
import { type PortRange, portSetting } from "./low-port.ts";

export interface Port443Plan {
  readonly state: "free" | "needs-change" | "reserved" | "taken";
  readonly explanation: string;
  /** What an administrator runs, one after the other; nothing when nothing needs to change. */
  readonly commands: readonly string[];
  /** What has to be run besides for it to outlive a restart of the system. */
  readonly keep: readonly string[];
  /** The same through the elevated program, until the next restart; `persist` is for the user to choose. */
  readonly step?: Extract<ElevatedStep, { do: "allow-443" }>;
}

/** What a system says of the port. `holder` is who listens there already. */
export type PortFacts = { readonly holder: string | undefined } & (
  | { readonly system: "linux"; readonly start: number | undefined; readonly mayBindAny: boolean }
  | { readonly system: "windows"; readonly excluded: readonly PortRange[] }
  | { readonly system: "macos" | "other" }
);

/** Files for sysctl.d(5): the one is read at each start, the other gone by then. */
export const portFiles = {
  kept: "/etc/sysctl.d/50-oneport.conf",
  untilRestart: "/run/sysctl.d/50-oneport.conf",
} as const;

export function planFor(facts: PortFacts): Port443Plan {
  if (facts.holder !== undefined) {
    const explanation = `${facts.holder} listens on port ${httpsPort} already. End it, or choose another port in "oneport.port".`;
    return without("taken", explanation);
  }
  switch (facts.system) {
    case "linux":
      return facts.mayBindAny || (facts.start ?? 0) <= httpsPort
        ? without("free", `This user may listen on port ${httpsPort}.`)
        : linuxChange(facts.start ?? 0);
    case "windows":
      return windowsPlan(facts.excluded);
    case "macos":
      return without(
        "reserved",
        `macOS lets users listen on port ${httpsPort} only on all addresses at once, and Oneport listens on loopback addresses alone. Use a port above 1023, such as 8443.`,
      );
    case "other":
      return without("free", `Nothing is known to keep this user from port ${httpsPort}.`);
  }
}

function without(state: Port443Plan["state"], explanation: string): Port443Plan {
  return { state, explanation, commands: [], keep: [] };
}

function linuxChange(start: number): Port443Plan {
  return {
    state: "needs-change",
    explanation:
      `This system lets only root listen on ports below ${start}. The least that helps is to let every user of this machine ` +
      `listen on port ${httpsPort} and above, until the next restart or for good.`,
    commands: [`sudo sysctl -w ${portSetting}=${httpsPort}`],
    keep: [`echo "${portSetting} = ${httpsPort}" | sudo tee ${portFiles.kept}`],
    step: { do: "allow-443", persist: false },
  };
}

/** Windows has no ports for administrators alone, but Hyper-V and WSL set ranges aside at each start, at random. */
function windowsPlan(excluded: readonly PortRange[]): Port443Plan {
  const range = excluded.find(({ first, last }) => first <= httpsPort && httpsPort <= last);
  if (!range) return without("free", `Windows keeps port ${httpsPort} for nobody.`);
  const add = `netsh int ipv4 add excludedportrange protocol=tcp startport=${httpsPort} numberofports=1 store=persistent`;
  return {
    state: "reserved",
    explanation:
      `Windows has set aside the ports ${range.first} to ${range.last}, ${httpsPort} among them, mostly for Hyper-V, WSL or Docker. ` +
      `While its network service for these is stopped, an administrator can keep ${httpsPort} out of such ranges; they lose their connections for that moment.`,
    commands: ["net stop winnat", add, "net start winnat"],
    keep: [],
  };
}
