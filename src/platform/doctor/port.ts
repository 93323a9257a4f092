/** The one port, and the interface it is at: whether Oneport has it, could have it, or who does. */
import net from "node:net";
import { networkInterfaces } from "node:os";
import type { Finding } from "../../core/diagnosis.ts";
import { shortReason } from "../../core/errors.ts";
import { portsToTry } from "../../core/settings.ts";
import { portHolder } from "../listening-ports.ts";
import { planPort443 } from "../low-port.ts";
import type { Machine } from "../machine.ts";
import type { DoctorContext } from "./context.ts";

/** Linux lets a program listen there all the same; nobody reaches it. */
export function checkLoopback(): Finding[] {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  if (addresses.some(({ internal }) => internal)) return [];
  const message = "The loopback interface is down, so nothing on this machine can be reached from it.";
  const remedy = 'Bring it up; on Linux by "sudo ip link set lo up".';
  return [{ check: "port", subject: "loopback", state: "wrong", message, remedy }];
}

export async function checkPort({ settings, problems, mux, machine }: DoctorContext): Promise<Finding[]> {
  const { port: wanted } = settings;
  if (mux) return [running(mux.port, wanted)];
  // Where a mux could not be asked, nobody knows that none runs, and what is to be done has been said.
  if (problems.some(({ check }) => check === "port")) return [];
  const findings: Finding[] = [];
  for (const port of portsToTry(wanted)) {
    const obstacle = await obstacleAt(port, machine);
    const subject = `port ${port}`;
    if (!obstacle) {
      const free = {
        check: "port",
        subject,
        state: "ok",
        message: "It is free; Oneport is not running.",
      } as const;
      // With this one to be had, it does not matter that another one is not.
      return [...findings.map((finding) => ({ ...finding, state: "note" as const })), free];
    }
    findings.push({ check: "port", subject, state: "wrong", ...obstacle });
  }
  return findings;
}

function running(port: number, wanted: "auto" | number): Finding {
  const subject = `port ${port}`;
  if (wanted === "auto" || wanted === port) {
    return { check: "port", subject, state: "ok", message: "Oneport listens there." };
  }
  return {
    check: "port",
    subject,
    state: "note",
    message: `Oneport listens there, but these settings say ${wanted}.`,
    remedy: "Stop it and start it again to have it there.",
  };
}

/** Why Oneport could not listen there; nothing if it could. */
async function obstacleAt(
  port: number,
  machine: Machine,
): Promise<Required<Pick<Finding, "message" | "remedy">> | undefined> {
  for (const address of ["127.0.0.1", "::1"]) {
    const code = await listenCode(port, address);
    if (code === undefined || code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT") continue;
    if (code === "EADDRINUSE") {
      const held = await portHolder(machine, port, address);
      const who = (held.ok && held.value?.words) || "another process";
      return {
        message: `It is held by ${who}.`,
        remedy: "Stop that, or set oneport.port to another number.",
      };
    }
    if (code === "EACCES" || code === "EPERM") {
      const { commands } = await planPort443(machine);
      const change = port === 443 && commands.length > 0 ? `Run "${commands.join(" && ")}", or set` : "Set";
      return {
        message: "The system lets only administrators listen there.",
        remedy: `${change} oneport.port to a number above 1023.`,
      };
    }
    return { message: `It cannot be had (${code}).`, remedy: "Set oneport.port to another number." };
  }
  return undefined;
}

/** Listens for a moment; the system's code if it cannot. */
function listenCode(port: number, address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once("error", (error) => resolve(shortReason(error)));
    server.listen({ port, host: address, exclusive: true, ipv6Only: true }, () =>
      server.close(() => resolve(undefined)),
    );
  });
}
