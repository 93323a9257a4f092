/** Sockets whose writes arrive in pieces, and clients at addresses of a route's own. */
import { once } from "node:events";
import type net from "node:net";
import { Duplex } from "node:stream";
import tls from "node:tls";
import { connect, turn } from "./streams.ts";
import type { TestMux } from "./support.ts";

/** `socket`, but what is written leaves in pieces of `size` bytes with a pause before each but the first. */
export function inPieces(
  socket: net.Socket,
  size: number,
  pause: (piece: number) => Promise<unknown> = turn,
): Duplex {
  socket.pause();
  const duplex = new Duplex({
    read: () => socket.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      void sendPieces(socket, chunk, size, pause).then(() => done());
    },
    final: (done) => {
      socket.end(done);
    },
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  socket.on("data", (chunk) => {
    if (!duplex.push(chunk)) socket.pause();
  });
  socket.once("end", () => duplex.push(null));
  socket.on("error", (error) => duplex.destroy(error));
  socket.once("close", () => duplex.destroy());
  return duplex;
}

/** Writes `bytes` in pieces, each of which has left before the next. */
export async function sendPieces(
  socket: net.Socket,
  bytes: Buffer,
  size: number,
  pause: (piece: number) => Promise<unknown> = turn,
): Promise<void> {
  for (let at = 0; at < bytes.length; at += size) {
    if (at > 0) await pause(at / size);
    socket.write(bytes.subarray(at, at + size));
  }
}

/** A plain client at the own address of a domain. */
export function connectOwn(mux: TestMux, domain: string): Promise<net.Socket> {
  return connect(mux.port, mux.addressOf(domain));
}

/** TLS over `socket`, with a certificate for `domain`; the SNI is that as well, unless told otherwise. */
export async function secure(
  socket: Duplex,
  { root }: Pick<TestMux, "root">,
  domain: string,
  options: tls.ConnectionOptions = {},
): Promise<tls.TLSSocket> {
  const secured = tls.connect({
    socket,
    host: domain,
    servername: domain,
    ca: root,
    checkServerIdentity: (_name, certificate) => tls.checkServerIdentity(domain, certificate),
    ...options,
  });
  await once(secured, "secureConnect");
  return secured;
}
