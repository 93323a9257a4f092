/** Which ports programs of this machine listen on, and who holds one of them. */
import { fail, ok, type Problem, type Result } from "../core/errors.ts";
import {
  isWildcard,
  joinByPort,
  type Listening,
  type ListeningProcess,
  type ListeningSocket,
} from "../core/listening-ports.ts";
import { darwinSockets } from "./listening-darwin.ts";
import { linuxSockets } from "./listening-linux.ts";
import { windowsSockets } from "./listening-win32.ts";
import type { Machine } from "./machine.ts";

/** Those that can be reached over loopback, by rising port, but for the port `except`, such as the mux's own. */
export async function listeningPorts(
  machine: Machine,
  except?: number,
): Promise<Result<readonly Listening[]>> {
  const sockets = await listeningSockets(machine);
  return sockets.ok ? ok(joinByPort(sockets.value).filter(({ port }) => port !== except)) : sockets;
}

/** `words`: as part of a sentence, such as `nginx (pid 4711)`, or `a process of another user`, of which no `process` is known. */
export interface Holder {
  readonly process?: ListeningProcess;
  readonly words: string;
}

/** Who listens on a port, at this very address or at all addresses; undefined when nobody does. */
export async function portHolder(
  machine: Machine,
  port: number,
  address?: string,
): Promise<Result<Holder | undefined>> {
  const sockets = await listeningSockets(machine, port);
  if (!sockets.ok) return sockets;
  const onPort = sockets.value.filter((socket) => socket.port === port);
  const exact = onPort.filter((socket) => address === undefined || socket.address === address);
  const holders = exact.length > 0 ? exact : onPort.filter((socket) => isWildcard(socket.address));
  const process = holders.find((holder) => holder.process)?.process;
  if (process) return ok({ process, words: `${process.name} (pid ${process.pid})` });
  return ok(holders.length > 0 ? { words: "a process of another user" } : undefined);
}

/** Every listening socket, or only those on one port. */
async function listeningSockets(
  machine: Machine,
  port?: number,
): Promise<Result<readonly ListeningSocket[]>> {
  switch (machine.platform) {
    case "linux":
      return linuxSockets(port);
    case "darwin":
      return darwinSockets(machine.runner);
    case "win32":
      return windowsSockets(machine);
    default:
      return fail(unknownSystem(machine.platform));
  }
}

function unknownSystem(platform: string): Problem {
  return {
    code: "ports-unknown",
    message: `Which programs listen on ports cannot be read on this system (${platform}).`,
    remedy: "Write the route's target by hand.",
  };
}
