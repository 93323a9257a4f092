/** Ends TLS on a connection whose ClientHello has been read, and will be read again by TLS itself. */
import type net from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import { chooseAlpn } from "../core/alpn.ts";
import type { ClientHello } from "../core/client-hello.ts";
import { messageOf, type Problem, problemOf, systemCode } from "../core/errors.ts";
import type { Ending } from "../core/events.ts";
import type { Route } from "../core/route.ts";
import { alertRecord, tlsAlert } from "../core/tls-alert.ts";
import type { Client } from "./client.ts";
import { letGo } from "./let-go.ts";
import { noProtocol } from "./refusals.ts";
import { refuse } from "./refuse.ts";

export interface TlsContext {
  /** The certificate for a name or an IP address, ready for a handshake; may reject with a OneportError. */
  readonly contextFor: (name: string) => Promise<SecureContext>;
  /** How long a client may take over its first words, and again over the TLS handshake. */
  readonly helloMilliseconds: () => number;
}

/** All that ending TLS takes, but for doing it; nothing when the client has been refused or is gone. */
export async function prepareTls(
  hello: ClientHello,
  name: string | undefined,
  route: Route,
  client: Client,
  { contextFor, helloMilliseconds }: TlsContext,
): Promise<{ readonly protocol: string | undefined; readonly end: () => TLSSocket } | undefined> {
  const alpn = chooseAlpn(route.kind, hello.alpn);
  if (alpn.kind === "noOverlap") {
    refuse(client, noProtocol(hello.alpn), alertRecord(tlsAlert.noApplicationProtocol));
    return undefined;
  }
  const protocol = alpn.kind === "chosen" ? alpn.protocol : undefined;
  let secureContext: SecureContext;
  try {
    secureContext = await contextFor(name ?? client.localAddress);
  } catch (error) {
    refuse(client, problemOf(error), alertRecord(tlsAlert.internalError));
    return undefined;
  }
  if (client.socket.destroyed) return undefined;
  return { protocol, end: () => terminate(client, secureContext, protocol, helloMilliseconds()) };
}

/** `protocol` is what ALPN agrees on; undefined when the client offered none. The handshake goes on by itself. */
function terminate(
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
  secured.on("error", (error) => client.end(endingOf(error)));
  // After the handshake Node tells errors of TLS in this way only, and reads on: garbage would pile up in OpenSSL.
  secured.on("_tlsError", (error: Error) => secured.destroy(error));
  secured.on("end", () => {
    // What was written before the handshake will never be over.
    if (!hasShakenHands(secured)) return void secured.destroy();
    if (!isReset(secured)) return;
    client.end({ how: "reset", by: "client" });
    secured.destroy();
  });
  const timer = setTimeout(() => giveUpOn(client.socket, secured, client), handshakeMilliseconds);
  // These come once, and `once` would keep a wrapper for each as long as the connection is open.
  secured.on("close", () => {
    clearTimeout(timer);
    letGo(secured);
  });
  // Only an end that came before TLS took the socket over shows here, and TLS never hears of it.
  client.socket.on("end", () => secured.destroy());
  return secured;
}

/**
 * A reset that meets the last bytes of a handshake is told by Node's TLS as an end, and no write after it is ever over. Once all has
 * been written a connection may be over because both sides have ended.
 */
function isReset(secured: TLSSocket): boolean {
  // Nobody has asked before: Node keeps the first answer.
  return !secured.writableFinished && secured.remoteAddress === undefined;
}

/** Node sets it with the client's Finished (RFC 8446 §4.4.4); OpenSSL's own answer (`getPeerFinished`) costs a twentieth of a handshake. */
export function hasShakenHands(secured: TLSSocket): boolean {
  return secured.alpnProtocol !== null;
}

function giveUpOn(socket: net.Socket, secured: TLSSocket, client: Client): void {
  if (hasShakenHands(secured)) return;
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

function endingOf(error: Error): Ending {
  const code = systemCode(error) ?? "";
  if (code === "ECONNRESET") return { how: "reset", by: "client" };
  return { how: "refused", problem: distrust.test(code) ? distrusted : failed(error) };
}

const distrusted: Problem = {
  code: "client-distrusts-certificate",
  message: "The client does not trust the certificate it was shown.",
  remedy: "Let it trust Oneport's authority: `oneport ca path` names the file.",
};

function failed(error: Error): Problem {
  return {
    code: "tls-failed",
    message: `TLS with the client failed: ${messageOf(error)}.`,
    remedy: "Look at the client's own log.",
  };
}
