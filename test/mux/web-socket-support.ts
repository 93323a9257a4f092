/** WebSocket clients of every kind, as a stream of bytes in binary messages; and frames by hand, for HTTP/2 has no client. */
import { once } from "node:events";
import type http2 from "node:http2";
import https from "node:https";
import { type Readable, Transform } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";
import { openSession, type Way } from "./http-support.ts";
import { startHttp, type TestMux } from "./support.ts";

export const opcode = { text: 1, binary: 2, close: 8 } as const;

export interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** A client's frame, masked with zeros: that leaves the payload as it is (RFC 6455 §5.3). */
export function clientFrame(code: number, payload: Buffer | string): Buffer {
  const bytes = Buffer.from(payload);
  const head = Buffer.alloc(10);
  head[0] = 0x80 | code;
  const mask = Buffer.alloc(4);
  if (bytes.length < 126) {
    head[1] = 0x80 | bytes.length;
    return Buffer.concat([head.subarray(0, 2), mask, bytes]);
  }
  head[1] = 0x80 | 127;
  head.writeBigUInt64BE(BigInt(bytes.length), 2);
  return Buffer.concat([head, mask, bytes]);
}

export function closePayload(code: number, reason: string): Buffer {
  return Buffer.concat([Buffer.of(code >> 8, code & 0xff), Buffer.from(reason)]);
}

/** A server's frames, until the stream ends; none may be masked. */
export async function* readFrames(stream: Readable): AsyncGenerator<Frame> {
  let held = Buffer.alloc(0);
  for await (const chunk of stream) {
    held = Buffer.concat([held, chunk]);
    for (let frame = readFrame(held); frame; frame = readFrame(held)) {
      held = held.subarray(frame.length);
      yield frame;
    }
  }
}

function readFrame(bytes: Buffer): (Frame & { readonly length: number }) | undefined {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return undefined;
  if (second & 0x80) throw new Error("A server's frame is masked.");
  const headLength = second === 127 ? 10 : second === 126 ? 4 : 2;
  if (bytes.length < headLength) return undefined;
  const size =
    second === 127 ? Number(bytes.readBigUInt64BE(2)) : second === 126 ? bytes.readUInt16BE(2) : second;
  const length = headLength + size;
  if (bytes.length < length) return undefined;
  return { opcode: first & 0x0f, payload: bytes.subarray(headLength, length), length };
}

/** Bytes into binary frames of a client. */
export function intoFrames(): Transform {
  return new Transform({
    transform: (chunk, _encoding, done) => done(null, clientFrame(opcode.binary, chunk)),
  });
}

export interface WebSocketService extends Awaited<ReturnType<typeof startHttp>> {
  readonly sockets: Awaited<ReturnType<typeof startHttp>>["sockets"];
  /** Emits "connection". */
  readonly webSockets: WebSocketServer;
}

/** A service that speaks WebSocket on every path; without, it answers 426. */
export async function startWebSocket(
  onSocket: (socket: WebSocket) => void,
  options: { readonly protocol?: string; readonly perMessageDeflate?: boolean } = {},
): Promise<WebSocketService> {
  const service = await startHttp((_request, response) => response.writeHead(426).end());
  const webSockets = new WebSocketServer({
    server: service.server,
    perMessageDeflate: options.perMessageDeflate ?? false,
    handleProtocols: (offered) =>
      options.protocol && offered.has(options.protocol) ? options.protocol : false,
  });
  webSockets.on("connection", (socket) => {
    socket.on("error", () => undefined);
    onSocket(socket);
  });
  return { ...service, webSockets };
}

/** A client over HTTP/1.1, not yet open. */
export function dialWebSocket(
  way: Exclude<Way, "HTTP/2 over TLS">,
  { port, root }: TestMux,
  host: string,
  options: {
    readonly protocols?: string[];
    readonly headers?: Record<string, string>;
    readonly deflate?: boolean;
  } = {},
): WebSocket {
  const scheme = way === "HTTP/1.1 over TLS" ? "wss" : "ws";
  const agent = new https.Agent({ ca: root, servername: host });
  const webSocket = new WebSocket(`${scheme}://127.0.0.1:${port}/live?x=1`, options.protocols ?? [], {
    ...(scheme === "wss" && { agent }),
    headers: { ...options.headers, host },
    perMessageDeflate: options.deflate ?? false,
  });
  webSocket.on("error", () => undefined);
  return webSocket;
}

export interface Http2WebSocket extends AsyncDisposable {
  readonly stream: http2.ClientHttp2Stream;
  /** The answer to the extended CONNECT. */
  readonly headers: Promise<http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader>;
}

/** A client over HTTP/2 (RFC 8441). */
export async function dialHttp2(
  mux: TestMux,
  host: string,
  headers: Record<string, string> = {},
): Promise<Http2WebSocket> {
  const session = openSession(mux, host);
  const [settings] = await once(session, "remoteSettings");
  if (!settings.enableConnectProtocol) throw new Error("Extended CONNECT is not on offer.");
  const stream = session.request({
    ":method": "CONNECT",
    ":protocol": "websocket",
    ":scheme": "https",
    ":authority": host,
    ":path": "/live?x=1",
    "sec-websocket-version": "13",
    ...headers,
  });
  stream.on("error", () => undefined);
  return {
    stream,
    headers: once(stream, "response").then(([headers]) => headers),
    async [Symbol.asyncDispose]() {
      session.destroy();
    },
  };
}
