/** What the HTTP tests share: one client for every version of HTTP, raw bytes, and bodies too large to keep. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import net from "node:net";
import { Readable, type Writable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import tls from "node:tls";
import type { TestMux } from "./support.ts";

/** Every way in which a client of HTTP reaches the mux. */
export const ways = ["HTTP/1.1 in the clear", "HTTP/1.1 over TLS", "HTTP/2 over TLS"] as const;
export type Way = (typeof ways)[number];

/** Headers with which a request is relayed, and with which it is not: then Node's servers have it, and Node's client reads the answer. */
export const relayedAndNot = [{}, { te: "trailers" }];

/** Who serves a request of HTTP/1.1, and the header line with which it comes there: with "TE" it is not relayed. */
export const http1Servers = [
  ["the relay", ""],
  ["Node's server", "TE: trailers\r\n"],
] as const;

export interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: http.OutgoingHttpHeaders;
  /** The body as a whole; "open" leaves it to the test. */
  readonly body?: string | Buffer | "open";
  readonly trailers?: Record<string, string>;
  /** HTTP/1.1 only. */
  readonly maxHeaderSize?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Readable;
  /** Whole once the body has been read. */
  readonly trailers: Record<string, unknown>;
}

export interface Sending {
  /** Where an "open" body goes. */
  readonly body: Writable;
  readonly answer: Promise<Answer>;
  readonly informed: readonly { readonly status: number; readonly headers: Record<string, unknown> }[];
  abort(): void;
}

/** A client on one connection. */
export interface HttpClient extends AsyncDisposable {
  send(sent?: Sent): Sending;
}

export function connectBy(way: Way, mux: TestMux, host: string): HttpClient {
  switch (way) {
    case "HTTP/1.1 in the clear":
      return http1Client(new http.Agent({ keepAlive: true, maxSockets: 1 }), http.request, mux, host);
    case "HTTP/1.1 over TLS":
      return http1Client(
        new https.Agent({ keepAlive: true, maxSockets: 1, ca: mux.root, servername: host }),
        https.request,
        mux,
        host,
      );
    case "HTTP/2 over TLS":
      return http2Client(mux, host);
  }
}

/** Sends a request on a connection of its own and reads its answer. */
export async function ask(way: Way, mux: TestMux, host: string, sent: Sent = {}) {
  await using client = connectBy(way, mux, host);
  return await whole(client.send(sent));
}

export async function whole(sending: Sending) {
  const answer = await sending.answer;
  return { ...answer, text: await text(answer.body) };
}

function http1Client(
  agent: http.Agent,
  request: typeof http.request,
  { port }: TestMux,
  host: string,
): HttpClient {
  return {
    send({ method = "GET", path = "/", headers = {}, body = "", trailers, maxHeaderSize } = {}) {
      const informed: Sending["informed"][number][] = [];
      const sent = request({
        host: "127.0.0.1",
        port,
        agent,
        method,
        path,
        headers: { host, ...headers },
        setHost: false,
        ...(maxHeaderSize !== undefined && { maxHeaderSize }),
      });
      sent.on("information", ({ statusCode, headers }) => informed.push({ status: statusCode, headers }));
      const answer = once(sent, "response").then(([response]: http.IncomingMessage[]): Answer => {
        if (!response) throw new Error("No response.");
        const { statusCode = 0, headers } = response;
        return { status: statusCode, headers, body: response, trailers: response.trailers };
      });
      answer.catch(() => undefined);
      sent.on("error", () => undefined);
      if (body === "open") sent.flushHeaders();
      if (trailers) sent.addTrailers(trailers);
      if (body !== "open") sent.end(body);
      return { body: sent, answer, informed, abort: () => sent.destroy() };
    },
    async [Symbol.asyncDispose]() {
      agent.destroy();
    },
  };
}

function http2Client(mux: TestMux, host: string): HttpClient {
  const session = openSession(mux, host);
  return {
    send({ method = "GET", path = "/", headers = {}, body = "", trailers } = {}) {
      const informed: Sending["informed"][number][] = [];
      const stream = session.request(
        { ":method": method, ":path": path, ":authority": host, ...headers },
        { endStream: body === "" && !trailers, waitForTrailers: trailers !== undefined },
      );
      const received: Record<string, unknown> = {};
      stream.on("headers", (headers) => {
        const { ":status": status = 0, ...rest } = headers;
        informed.push({ status: Number(status), headers: rest });
      });
      stream.on("trailers", (headers) => Object.assign(received, headers));
      if (trailers) stream.once("wantTrailers", () => stream.sendTrailers(trailers));
      const answer = once(stream, "response").then(([headers]: http2.IncomingHttpHeaders[]): Answer => {
        const { ":status": status, ...rest } = headers ?? {};
        return { status: Number(status), headers: rest, body: stream, trailers: received };
      });
      answer.catch(() => undefined);
      stream.on("error", () => undefined);
      if (body !== "open" && (body !== "" || trailers)) stream.end(body);
      // Node's `close` would end the request before it resets the stream.
      return { body: stream, answer, informed, abort: () => stream.destroy(new Error("given up")) };
    },
    async [Symbol.asyncDispose]() {
      session.destroy();
    },
  };
}

/** An HTTP/2 connection to the mux, opened for a host. */
export function openSession({ port, root }: TestMux, host: string): http2.ClientHttp2Session {
  const session = http2.connect(`https://${host}`, {
    maxHeaderListPairs: 2000,
    createConnection: () =>
      tls.connect({ host: "127.0.0.1", port, servername: host, ca: root, ALPNProtocols: ["h2"] }),
  });
  session.on("error", () => undefined);
  return session;
}

/** Writes bytes to the mux as they are, and gives all that comes back until the connection ends or breaks. */
export async function speak(port: number, bytes: string, { endFirst = false } = {}): Promise<string> {
  const socket = net.connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  socket.on("error", () => undefined);
  const received: Buffer[] = [];
  socket.on("data", (chunk) => received.push(chunk));
  socket.write(bytes, "latin1");
  if (endFirst) socket.end();
  socket.once("end", () => socket.end());
  await new Promise((resolve) => socket.once("close", resolve));
  return Buffer.concat(received).toString("latin1");
}

/** The status of the first answer in what `speak` gave. */
export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
}

/** The SHA-256 of a stream's bytes, of so many or all of them, read with pauses as a slow client does. */
export async function digestStuttering(stream: Readable, bytes = Number.POSITIVE_INFINITY): Promise<string> {
  const hash = createHash("sha256");
  let chunks = 0;
  let read = 0;
  for await (const chunk of stream) {
    hash.update(chunk);
    read += chunk.length;
    if (read >= bytes) break;
    if (++chunks % 16 === 0) await wait(1);
  }
  return hash.digest("hex");
}

const pattern = Buffer.concat(
  Array.from({ length: 32_771 }, (_, index) => createHash("sha256").update(String(index)).digest()),
);

/** A body that is too large to be kept, and its SHA-256. */
export function largeBody(bytes: number): { readonly stream: Readable; readonly digest: string } {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes; at += pattern.length) pieces.push(pattern.subarray(0, bytes - at));
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(piece);
  return { stream: Readable.from(slices(pieces)), digest: hash.digest("hex") };
}

function* slices(pieces: readonly Buffer[]): Generator<Buffer> {
  for (const piece of pieces)
    for (let at = 0; at < piece.length; at += 50_000) yield piece.subarray(at, at + 50_000);
}

/** The whole of a stream that is expected to break off: what came, and whether it ended well. */
export async function readBroken(
  stream: Readable,
): Promise<{ readonly text: string; readonly whole: boolean }> {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk) => chunks.push(chunk));
  const isWhole = await new Promise<boolean>((resolve) => {
    // Node ends a stream of HTTP/2 even if it was its connection that broke off.
    stream.once("end", () => resolve(!("rstCode" in stream && stream.rstCode !== 0)));
    stream.once("close", () => resolve(false));
    stream.on("error", () => resolve(false));
  });
  return { text: Buffer.concat(chunks).toString("latin1"), whole: isWhole };
}

/** Fulfilled once `condition` holds, asked again after each turn of the event loop; fails after five seconds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`It did not happen within 5 s: ${what}.`);
    await wait(2);
  }
}

export { buffer, text };
