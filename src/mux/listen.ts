/** One listening socket, and what a system's refusal to give it means to the user. */
import net from "node:net";
import { messageOf, OneportError, type Problem, systemCode } from "../core/errors.ts";
import { authorityOf } from "../core/route.ts";

export interface ListenOptions {
  /** Takes over a connection, which is paused, to this address. */
  readonly onSocket: (socket: net.Socket, address: string) => void;
  /** Hears why a connection could not be accepted; the listener lives on. */
  readonly onProblem: (problem: Problem) => void;
  /** Another process of this user may listen on the same address and port, if it says so as well. */
  readonly isShared: boolean;
}

/** Rejects with `port-taken`, `port-forbidden`, `address-missing` or `listen-failed`; port 0 is any free one. */
export async function listen(address: string, port: number, options: ListenOptions): Promise<net.Server> {
  const server = net.createServer(
    // No keep-alive: nobody on this machine can vanish without the system closing the connection.
    { allowHalfOpen: true, pauseOnConnect: true, noDelay: true },
    (socket) => options.onSocket(socket, address),
  );
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      const wanted = { host: address, port, exclusive: true, backlog: 1024, reusePort: options.isShared };
      server.listen(wanted, () => {
        server.off("error", reject);
        server.on("error", (error) => options.onProblem(acceptProblem(error)));
        resolve();
      });
    });
    return server;
  } catch (error) {
    throw listenError(error, address, port);
  }
}

/** The port of a server that listens on one. */
export function portOf(server: net.Server): number {
  const bound = server.address();
  if (bound !== null && typeof bound === "object") return bound.port;
  throw new TypeError("The server does not listen on a port.");
}

function listenError(error: unknown, address: string, port: number): OneportError {
  const where = authorityOf({ host: address, port });
  switch (systemCode(error)) {
    case "EADDRINUSE":
      return new OneportError({
        code: "port-taken",
        message: `Port ${port} is taken: something else listens on ${where}.`,
        remedy: `End the program that holds it, or choose another port in "oneport.port".`,
      });
    case "EADDRNOTAVAIL":
    case "EAFNOSUPPORT":
      return new OneportError({
        code: "address-missing",
        message: `This machine has no address ${address}.`,
        remedy: `On macOS, add it with "sudo ifconfig lo0 alias ${address}"; its route works by TLS and SNI meanwhile.`,
      });
    case "EACCES":
    case "EPERM":
      return new OneportError({
        code: "port-forbidden",
        message: `The system does not let this user listen on port ${port}.`,
        remedy: `Choose a port above 1023 in "oneport.port", or "auto".`,
      });
    default:
      return new OneportError(
        {
          code: "listen-failed",
          message: `Could not listen on ${where}: ${messageOf(error)}.`,
          remedy: `Check that the loopback interface is up, or choose another port in "oneport.port".`,
        },
        { cause: error },
      );
  }
}

function acceptProblem(error: Error): Problem {
  return {
    code: "accept-failed",
    message: `A connection could not be accepted: ${error.message}.`,
    remedy: "If it happens again, close programs that hold many files or connections open.",
  };
}
