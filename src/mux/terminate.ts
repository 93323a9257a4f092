/** Ends TLS on a connection whose ClientHello has been read, and will be read again by TLS itself. */
import type net from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import { systemCode } from "../core/errors.ts";
import type { Client } from "./client.ts";

/** `protocol` is what ALPN agrees on; undefined when the client offered none. The handshake goes on by itself. */
export function terminate(
  client: Client,
  secureContext: SecureContext,
  protocol: string | undefined,
  handshakeMilliseconds: number,
): TLSSocket {
  const secured = new TLSSocket(client.socket, {
    isServer: true,
    secureContext,
    requestCert: false,
    ...(protocol !== undefined && { ALPNProtocols: [protocol] }),
  });
  client.secure = true;
  secured.on("error", (error) => client.end({ how: "refused", problem: handshakeProblem(error) }));
  const timer = setTimeout(() => giveUpOn(client.socket, secured, client), handshakeMilliseconds);
  secured.once("close", () => clearTimeout(timer));
  return secured;
}

function giveUpOn(socket: net.Socket, secured: TLSSocket, client: Client): void {
  // The client's Finished is the handshake's last message (RFC 8446 §4.4.4).
  if (secured.getPeerFinished() !== undefined) return;
  client.end({
    how: "refused",
    problem: {
      code: "tls-handshake-slow",
      message: "The client did not finish its TLS handshake in time.",
      remedy: "Look at the client's own log.",
    },
  });
  socket.resetAndDestroy();
}

/** RFC 8446 §6.2: the alerts with which a client says that it does not believe the certificate. */
const distrust = /UNKNOWN_CA|CERTIFICATE_UNKNOWN|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE/;

function handshakeProblem(error: Error) {
  const code = systemCode(error) ?? "";
  if (distrust.test(code)) {
    return {
      code: "client-distrusts-certificate",
      message: "The client does not trust the certificate it was shown.",
      remedy: "Let it trust Oneport's authority: `oneport ca path` names the file.",
    };
  }
  return {
    code: "tls-failed",
    message: `TLS with the client failed: ${error.message}.`,
    remedy: "Look at the client's own log.",
  };
}
