/** TLS with a service, over a connection to it that is there already. */
import net from "node:net";
import tls from "node:tls";
import { fail, messageOf, ok, type Problem, type Result, systemCode } from "../core/errors.ts";
import { formatTarget, type Target } from "../core/route.ts";
import type { Waiting } from "./waiting.ts";

/** How long a service may take over the TLS handshake. */
const handshakeMilliseconds = 10_000;

/** It tells to trust the system's store as well, which `trusted` does already, by an option of a program that nobody here runs. */
const adviceOfNode = /; if the root CA is installed locally, .*$/;

/** `trusted` are certificates in PEM that the service's may be signed by; undefined where any certificate will do. */
export function secure(
  socket: net.Socket,
  target: Target,
  trusted: string[] | undefined,
  waiting?: Waiting,
): Promise<Result<tls.TLSSocket, Problem>> {
  return new Promise((resolve) => {
    const secured = tls.connect({
      socket,
      // What the certificate must be for.
      host: target.host,
      ...(net.isIP(target.host) === 0 && { servername: target.host }),
      ...(trusted ? { ca: trusted } : { rejectUnauthorized: false }),
      ALPNProtocols: ["http/1.1"],
    });
    const giveUp = () => socket.destroy();
    const timer = setTimeout(giveUp, handshakeMilliseconds);
    waiting?.onEnd(giveUp);
    const settle = (result: Result<tls.TLSSocket, Problem>) => {
      clearTimeout(timer);
      waiting?.offEnd(giveUp);
      resolve(result);
    };
    secured.once("secureConnect", () => settle(ok(secured)));
    secured.on("error", (error) => {
      secured.destroy();
      settle(fail(handshakeProblem(error, target)));
    });
    secured.once("close", () => settle(fail(noHandshake("it broke off", target))));
  });
}

function handshakeProblem(error: Error, target: Target): Problem {
  const code = systemCode(error) ?? "";
  if (code.startsWith("ERR_SSL_") || code === "ECONNRESET" || code === "EPIPE")
    return noHandshake(messageOf(error), target);
  return {
    code: "target-untrusted",
    message: `The certificate of ${formatTarget(target)} is not trusted: ${error.message.replace(adviceOfNode, "")}.`,
    remedy: `Give the service a certificate for ${target.host} from a trusted authority, or set "insecureUpstream": true on the route.`,
  };
}

function noHandshake(reason: string, target: Target): Problem {
  const { port, scheme } = target;
  // https, wss and tcp+wss alike.
  const inTheClear = scheme.slice(0, -1);
  return {
    code: "target-not-tls",
    message: `The TLS handshake with ${formatTarget(target)} failed: ${reason}.`,
    remedy: `Check that the service speaks TLS on port ${port}; if it does not, write ${inTheClear}:// in place of ${scheme}://.`,
  };
}
