/** Connections to the proxy that is measured, up to the point where the raw service, or one like it, is at the other end. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import net from "node:net";
import tls from "node:tls";

/** The ways in which a client's bytes get to a service: these are the names that proxies know them by. */
export const names = { passthrough: "app.test", terminated: "db.test", http: "web.test" } as const;

export type StreamWay = "passthrough" | "terminated" | "websocket";

const fixture = new URL("../fixtures/clienthello/curl_openssl3_app.test.hex", import.meta.url);

/** One for all: what arrives is counted, not kept. */
const intake = Buffer.allocUnsafeSlow(256 * 1024);

/** Every proxy is to use the same ciphers, whatever its OpenSSL would like best. */
const securely = {
  host: "127.0.0.1",
  rejectUnauthorized: false,
  minVersion: "TLSv1.3",
  ciphers: "TLS_AES_128_GCM_SHA256",
  ecdhCurve: "X25519",
} as const;

const open: { readonly [W in StreamWay]: (port: number, onBytes: OnBytes) => Promise<net.Socket> } = {
  passthrough: openPassthrough,
  terminated: openTerminated,
  websocket: openWebSocket,
};

type OnBytes = (length: number) => void;

/** A stream to the service; `onBytes` hears how many have come. */
export async function openStream(way: StreamWay, port: number, onBytes: OnBytes): Promise<net.Socket> {
  const socket = await open[way](port, onBytes);
  socket.setNoDelay(true);
  return socket;
}

/** A TLS connection whose handshake has begun. */
export function beginTls(servername: string, port: number, session?: Buffer): tls.TLSSocket {
  return tls.connect({ ...securely, servername, port, ...(session && { session }) });
}

/** One whose handshake is done. */
export async function shakeHands(servername: string, port: number, session?: Buffer): Promise<tls.TLSSocket> {
  const socket = beginTls(servername, port, session);
  await once(socket, "secureConnect");
  return socket;
}

async function openPassthrough(port: number, onBytes: OnBytes): Promise<net.Socket> {
  const socket = await connect(port, onBytes);
  socket.write(hello);
  return socket;
}

async function openTerminated(port: number, onBytes: OnBytes): Promise<net.Socket> {
  const socket = await shakeHands(names.terminated, port);
  return socket.on("data", (bytes) => onBytes(bytes.length));
}

async function openWebSocket(port: number, onBytes: OnBytes): Promise<net.Socket> {
  const socket = net.connect(port, "127.0.0.1");
  const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13";
  socket.write(
    `GET /socket HTTP/1.1\r\nHost: ${names.http}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${key}\r\n\r\n`,
  );
  const [answer]: unknown[] = await once(socket, "data");
  if (!String(answer).startsWith("HTTP/1.1 101")) throw new Error(`No WebSocket: ${String(answer)}`);
  return socket.on("data", (bytes) => onBytes(bytes.length));
}

async function connect(port: number, onBytes: OnBytes): Promise<net.Socket> {
  const callback = (length: number) => {
    onBytes(length);
    return true;
  };
  const socket = net.connect({ port, host: "127.0.0.1", onread: { buffer: intake, callback } });
  await once(socket, "connect");
  return socket;
}

/** A real one, for `app.test`. */
const hello = Buffer.from(readFileSync(fixture, "utf8").trim(), "hex");
