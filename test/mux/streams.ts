/** Clients and services of the stream tests, and what became of their connections. */
import { createCipheriv, createHash, type Hash } from "node:crypto";
import { once } from "node:events";
import net from "node:net";
import { Readable } from "node:stream";
import tls from "node:tls";
import { makeSelfSigned } from "../../src/core/self-signed.ts";
import { listen, type Service, startTcp, type TestMux } from "./support.ts";

/** One turn of the event loop: whatever has arrived on a socket of this process has been read. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A connected client that stays half open when the other side ends. */
export async function connect(port: number, host = "127.0.0.1"): Promise<net.Socket> {
  const socket = net.connect({ port, host, noDelay: true, allowHalfOpen: true });
  await once(socket, "connect");
  return socket;
}

/** A client whose handshake for `servername` is done; it trusts the mux's authority unless told otherwise. */
export async function connectTls(
  { port, root }: Pick<TestMux, "port" | "root">,
  servername: string,
  options: tls.ConnectionOptions = {},
): Promise<tls.TLSSocket> {
  const socket = tls.connect({
    // Another one beside it would be refused for its silence in the end, in the midst of a test.
    socket: options.socket ?? (await connect(port)),
    host: "127.0.0.1",
    servername,
    ca: root,
    ...options,
  });
  await once(socket, "secureConnect");
  return socket;
}

/** What came out of a socket until it closed, and the error code if it did so with one. */
export interface Outcome {
  readonly bytes: Buffer;
  readonly error: string | undefined;
}

/** Reads `socket` to its end and then ends it; never rejects. */
export function outcome(socket: net.Socket): Promise<Outcome> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let code: string | undefined;
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    if (socket.readableEnded) socket.end();
    else socket.once("end", () => socket.end());
    socket.on("error", (error: NodeJS.ErrnoException) => {
      code = error.code ?? error.message;
    });
    socket.once("close", () => resolve({ bytes: Buffer.concat(chunks), error: code }));
  });
}

/** Reads until `length` bytes are there; what came along with the last of them is part of the answer. */
export function read(socket: net.Socket, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let arrived = 0;
    const events = ["readable", "end", "close"];
    const look = () => {
      for (let chunk: Buffer | null = socket.read(); chunk; chunk = socket.read()) {
        chunks.push(chunk);
        arrived += chunk.length;
      }
      const isOver = socket.readableEnded || socket.destroyed;
      if (arrived < length && !isOver) return;
      for (const event of events) socket.off(event, look);
      if (arrived >= length) resolve(Buffer.concat(chunks));
      else reject(new Error(`The stream was over after ${arrived} of ${length} bytes.`));
    };
    for (const event of events) socket.on(event, look);
    look();
  });
}

/** A certificate of a service's own, which is its own authority. */
export async function ownCertificate(name: string): Promise<{ readonly cert: string; readonly key: string }> {
  const { chain, key } = await makeSelfSigned(name, new Date());
  return { cert: chain, key };
}

/** A service that ends TLS itself. */
export async function startTls(
  options: tls.TlsOptions,
  onSocket: (socket: tls.TLSSocket) => void,
): Promise<Service> {
  const server = tls.createServer({ allowHalfOpen: true, ...options }, onSocket);
  server.on("tlsClientError", () => undefined);
  return listen(server, "127.0.0.1", 0);
}

/** Bytes that are the same for the same seed and never repeat, in chunks of changing size, and their hash. */
export function payload(length: number, seed = 0): { readonly stream: Readable; readonly hash: Hash } {
  const hash = createHash("sha256");
  const cipher = createCipheriv("aes-128-ctr", Buffer.alloc(16, seed), Buffer.alloc(16));
  function* chunks() {
    let left = length;
    for (let count = 1; left > 0; count++) {
      const bytes = cipher.update(Buffer.alloc(Math.min(left, 1 + ((count * 7919) % 150_000))));
      left -= bytes.length;
      hash.update(bytes);
      yield bytes;
    }
  }
  return { stream: Readable.from(chunks(), { objectMode: false }), hash };
}

/** Hashes what comes out of `stream` to its end, and stops reading for a while at every `stride` bytes. */
export function stutter(
  stream: Readable,
  stride: number,
): Promise<{ readonly length: number; readonly digest: string }> {
  const hash = createHash("sha256");
  let length = 0;
  let pauses = 0;
  return new Promise((resolve, reject) => {
    stream.on("data", (chunk: Buffer) => {
      hash.update(chunk);
      length += chunk.length;
      if (length < (pauses + 1) * stride) return;
      pauses++;
      stream.pause();
      if (pauses % 3 === 0) setTimeout(() => stream.resume(), 3);
      else setImmediate(() => stream.resume());
    });
    stream.once("end", () => resolve({ length, digest: hash.digest("hex") }));
    stream.once("error", reject);
    stream.once("close", () => reject(new Error(`The stream broke off after ${length} bytes.`)));
  });
}

/** One of the ways in which a connection becomes a stream. */
export interface Way {
  readonly title: string;
  readonly start: (onSocket: (socket: net.Socket) => void) => Promise<Service>;
  readonly target: (port: number) => Record<string, string>;
  /** `raw` is the TCP socket under `client`, or `client` itself. */
  readonly connect: (mux: TestMux) => Promise<{ readonly client: net.Socket; readonly raw: net.Socket }>;
}

const own = await ownCertificate("auth.test");

async function connectWithTls(mux: TestMux, name: string, ca: string) {
  const raw = await connect(mux.port);
  return { client: await connectTls(mux, name, { socket: raw, ca }), raw };
}

async function connectPlain({ port }: TestMux) {
  const raw = await connect(port);
  return { client: raw, raw };
}

/** Plain clients are told apart by their first bytes, so what they say has to begin with a request for `raw.test`. */
export const ways: readonly Way[] = [
  {
    title: "passed through",
    start: (onSocket) => startTls(own, onSocket),
    target: (port) => ({ "auth.test": `tls://127.0.0.1:${port}` }),
    connect: (mux) => connectWithTls(mux, "auth.test", own.cert),
  },
  {
    title: "with TLS ended here",
    start: startTcp,
    target: (port) => ({ "db.test": `tcp://127.0.0.1:${port}` }),
    connect: (mux) => connectWithTls(mux, "db.test", mux.root),
  },
  {
    title: "by default",
    start: startTcp,
    target: (port) => ({ "*": `tcp://127.0.0.1:${port}` }),
    connect: connectPlain,
  },
  {
    title: "by Host",
    start: startTcp,
    target: (port) => ({ "raw.test": `tcp://127.0.0.1:${port}` }),
    connect: connectPlain,
  },
];

export const greeting = "GET / HTTP/1.1\r\nHost: raw.test\r\n\r\n";
